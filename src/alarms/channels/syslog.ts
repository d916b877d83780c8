/** Alarms by syslog: RFC 5424, a record an alarm, to the local socket, by UDP (RFC 5426), TCP with counted octets (RFC 6587) or TLS (RFC 5425). */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Run } from '../../process/run.ts';
import { type Channel, delivered, failed, type Message, type Outcome } from '../channel.ts';
import { inOrder, recordText } from '../core/text.ts';
import type { Item } from '../core/words.ts';

const FACILITIES = [
  'user',
  'daemon',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

export interface SyslogSettings {
  readonly name: string;
  readonly transport: 'local' | 'udp' | 'tcp' | 'tls';
  /** Of the local socket. */
  readonly socket: string;
  readonly address: string | null;
  readonly port: number;
  /** With `tls`: the name in the receiver's certificate; null: its address. */
  readonly serverName: string | null;
  /** With `tls`: whose certificates are accepted; null: the system's. */
  readonly caFile: string | null;
  readonly facility: (typeof FACILITIES)[number];
  readonly format: 'rfc5424' | 'rfc3164';
  readonly hostname: string;
  readonly timeoutMs: Millis;
}

const NUMBER_BY_FACILITY: Readonly<Record<SyslogSettings['facility'], number>> = {
  user: 1,
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

/** Receivers must take 480 bytes and should take 2048; a longer record may be cut. */
const MOST_BYTES = 2000;

const levelOf = ({ severity, endedWall }: Item): number => {
  if (endedWall !== null) return 5;
  return severity === 'alarm' ? 1 : severity === 'warning' ? 4 : 6;
};

/** Printable ASCII, never empty. */
const word = (text: string, most: number): string => text.replace(/[^\x21-\x7e]+/g, '').slice(0, most) || '-';

const parameter = (value: string): string => value.replace(/["\\\]]/g, String.raw`\$&`).replace(/\p{Cc}+/gu, ' ');

const cutBytes = (text: string, most: number): string => {
  const bytes = Buffer.from(text);
  return bytes.length <= most
    ? text
    : bytes
        .subarray(0, most)
        .toString('utf8')
        .replace(/\uFFFD+$/, '');
};

const stateOf = (item: Item): string => (item.endedWall === null ? (item.what === 'again' ? 'still' : 'new') : 'over');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const bsdTime = (wall: number): string => {
  const at = new Date(wall);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':');
  return `${MONTHS[at.getMonth()] ?? ''} ${String(at.getDate()).padStart(2)} ${time}`;
};

/** One record for one alarm of a message. 32473 is the number that stands for examples: Dualtone has none of its own. */
export const recordOf = (item: Item, message: Message, settings: SyslogSettings, pid: number): string => {
  const { outgoing } = message;
  const pri = NUMBER_BY_FACILITY[settings.facility] * 8 + levelOf(item);
  const state = stateOf(item);
  const said = recordText(item, message);
  if (settings.format === 'rfc3164')
    return cutBytes(`<${pri}>${bsdTime(outgoing.wall)} dualtone[${pid}]: ${said} [${item.code}]`, MOST_BYTES);
  const time = new Date(outgoing.wall).toISOString();
  const head = `<${pri}>1 ${time} ${word(settings.hostname, 255)} dualtone ${pid} ${word(item.code, 32)}`;
  const pairs = [
    ['id', outgoing.id],
    ['number', String(item.alarm)],
    ['severity', item.severity],
    ['state', state],
    ['object', item.object],
  ] as const;
  const data = pairs.map(([key, value]) => ` ${key}="${parameter(value)}"`).join('');
  return cutBytes(`${head} [alarm@32473${data}] \uFEFF${said}`, MOST_BYTES);
};

const sendUdp = (records: readonly string[], { address, port, timeoutMs }: SyslogSettings): Promise<Outcome> =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address ?? '') ? 'udp6' : 'udp4');
    let left = records.length;
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle(failed('the datagram did not leave in time')), timeoutMs);
    socket.once('error', (error) => settle(failed(error.message)));
    // Connected, so that a port nobody listens on may be told.
    socket.connect(port, address ?? '', () => {
      for (const record of records)
        socket.send(record, (error) => {
          if (error !== null) return settle(failed(error.message));
          left -= 1;
          if (left === 0) settle(delivered());
        });
    });
  });

/** A connection that counts: encrypted, and the receiver's certificate known, where it is TLS. Throws where `caFile` cannot be read. */
const connectionOf = ({ transport, address, port, serverName, caFile }: SyslogSettings) => {
  const host = address ?? '';
  if (transport === 'tcp') return { socket: connect({ host, port }), readyAt: 'connect' } as const;
  const ca = caFile === null ? {} : { ca: readFileSync(caFile, 'utf8') };
  const name = serverName === null ? {} : { servername: serverName };
  const socket: Socket = connectTls({ host, port, minVersion: 'TLSv1.2', ...ca, ...name });
  return { socket, readyAt: 'secureConnect' } as const;
};

const sendCounted = (records: readonly string[], settings: SyslogSettings, signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const { timeoutMs } = settings;
    const { socket, readyAt } = connectionOf(settings);
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(outcome);
    };
    const onAbort = (): void => settle(failed('called off'));
    const timer = setTimeout(() => settle(failed(`no end within ${timeoutMs} ms`)), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => settle(failed(error.message)));
    socket.once(readyAt, () => {
      socket.end(records.map((record) => `${Buffer.byteLength(record)} ${record}`).join(''), () => {
        // All of it is with the kernel, and the other end took the connection: syslog answers nothing.
        settle(delivered());
      });
    });
  });

const PROGRAM = fileURLToPath(new URL('unix-socket.pl', import.meta.url));

const sendLocal = async (
  records: readonly string[],
  { socket, timeoutMs }: SyslogSettings,
  run: Run,
  signal: AbortSignal,
): Promise<Outcome> => {
  const done = await run(['perl', PROGRAM, socket], { timeoutMs, signal, input: `${records.join('\n')}\n` });
  if (!done.ok) return failed(done.error.message);
  return done.value.exitCode === 0 ? delivered() : failed(done.value.stderr.trim().slice(0, 200));
};

export const createSyslogChannel = (settings: SyslogSettings, run: Run): Channel => ({
  name: settings.name,
  kind: 'syslog',
  send: (message, signal) => {
    const records = inOrder(message.outgoing.items).map((item) => recordOf(item, message, settings, process.pid));
    if (settings.transport === 'udp') return sendUdp(records, settings);
    if (settings.transport === 'local') return sendLocal(records, settings, run, signal);
    return sendCounted(records, settings, signal).catch((error: unknown) => failed(messageOf(error)));
  },
});
