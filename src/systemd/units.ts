/** What systemd says of units: asked over its own socket, as `systemctl` does it for root, without starting a program. */
import { createConnection, type Socket } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { Run } from '../process/run.ts';
import { type Answer, propertyCall, readAnswers } from './dbus.ts';

/** Properties of `org.freedesktop.systemd1.Unit`, in the words in which `systemctl show` prints them. */
export type UnitProperties = ReadonlyMap<string, string>;

export interface Bounds {
  readonly timeoutMs: Millis;
  readonly signal?: AbortSignal;
}

/** Of each unit these properties, in the order asked for. Faults: `systemd-silent`, `systemd-refused`, those of `run`. */
export type LookAtUnits = (
  units: readonly string[],
  properties: readonly string[],
  bounds: Bounds,
) => Promise<Result<readonly UnitProperties[]>>;

/** Only root may connect; it is there wherever systemd runs, also where no message bus does. */
const PRIVATE_SOCKET = '/run/systemd/private';

const silent = (why: string) =>
  fail('systemd-silent', `systemd does not answer: ${why}.`, 'See `systemctl status`, and what holds up process 1.');

const parseShow = (block: string): UnitProperties =>
  new Map(
    block
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );

/** By the program `systemctl`: for those who are not root, and where systemd has no such socket. */
export const unitsBySystemctl =
  (run: Run, systemctl = 'systemctl'): LookAtUnits =>
  async (units, properties, bounds) => {
    const argv = [systemctl, 'show', '--no-pager', `--property=${properties.join(',')}`, '--', ...units];
    const ended = await run(argv, bounds);
    if (!ended.ok) return ended;
    const { exitCode, stdout, stderr } = ended.value;
    const why = stderr.trim().split('\n')[0]?.replace(/\.+$/, '') ?? '';
    if (exitCode !== 0) return silent(why === '' ? `systemctl ended with ${exitCode}` : why);
    const blocks = stdout
      .trim()
      .split(/\n\s*\n/)
      .map(parseShow);
    return blocks.length === units.length ? ok(blocks) : silent('systemctl said nothing that we understand');
  };

/** The path of a unit's object: every byte but letters and digits in hexadecimal, a digit at the beginning too. */
const pathOf = (unit: string): string =>
  `/org/freedesktop/systemd1/unit/${[...Buffer.from(unit, 'utf8')]
    .map((byte, index) => {
      const letter = String.fromCharCode(byte);
      return (index === 0 ? /[A-Za-z]/ : /[A-Za-z0-9]/).test(letter)
        ? letter
        : `_${byte.toString(16).padStart(2, '0')}`;
    })
    .join('')}`;

/** All of it may be sent at once, with the calls behind it: what is wrong with it ends the connection. */
const login = (): Buffer => {
  const user = Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex');
  return Buffer.from(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`, 'latin1');
};

/** `OK` with a number of the server; then messages begin. */
const GREETING = /^OK [0-9a-f]+\r\n/;
const LONGEST_GREETING = 200;

/** `no-socket`: it was not reached, or speaks otherwise than expected; the program may know more. */
type Asked =
  | { readonly kind: 'answers'; readonly answers: ReadonlyMap<number, Answer> }
  | { readonly kind: 'no-socket' }
  | { readonly kind: 'late' }
  | { readonly kind: 'called-off' };

/** Sends all calls at once and waits until each is answered. */
const ask = (path: string, calls: readonly Buffer[], { timeoutMs, signal }: Bounds): Promise<Asked> => {
  const { promise, resolve } = Promise.withResolvers<Asked>();
  const socket: Socket = createConnection(path);
  const end = (asked: Asked): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', callOff);
    socket.destroy();
    resolve(asked);
  };
  const timer = setTimeout(end, timeoutMs, { kind: 'late' } as const);
  const callOff = (): void => end({ kind: 'called-off' });
  signal?.addEventListener('abort', callOff, { once: true });
  const answers = new Map<number, Answer>();
  let greeted = false;
  let come: Buffer = Buffer.alloc(0);
  const read = (): void => {
    if (!greeted) {
      const greeting = GREETING.exec(come.toString('latin1', 0, LONGEST_GREETING));
      if (greeting === null && come.length >= LONGEST_GREETING) throw new RangeError('no greeting');
      if (greeting === null) return;
      greeted = true;
      come = come.subarray(greeting[0].length);
    }
    const { answers: read, taken } = readAnswers(come);
    come = come.subarray(taken);
    for (const answer of read) answers.set(answer.to, answer);
    if (calls.every((_, index) => answers.has(index + 1))) end({ kind: 'answers', answers });
  };
  socket.on('error', () => end({ kind: 'no-socket' }));
  socket.on('close', () => end({ kind: 'no-socket' }));
  socket.on('data', (chunk: Buffer) => {
    come = Buffer.concat([come, chunk]);
    try {
      read();
    } catch {
      end({ kind: 'no-socket' });
    }
  });
  socket.on('connect', () => socket.write(Buffer.concat([login(), ...calls])));
  if (signal?.aborted === true) callOff();
  return promise;
};

/** Answers bear the numbers of the calls, from 1: of each unit all properties. */
const collect = (
  units: readonly string[],
  properties: readonly string[],
  answers: ReadonlyMap<number, Answer>,
): Result<readonly UnitProperties[]> => {
  const all: UnitProperties[] = [];
  let serial = 0;
  for (const unit of units) {
    const valueByName = new Map<string, string>();
    for (const property of properties) {
      serial += 1;
      const { value = null, error = null } = answers.get(serial) ?? {};
      if (value === null)
        return fail(
          'systemd-refused',
          `systemd does not tell ${property} of ${unit}: ${error ?? 'it is of another type'}.`,
          'See `systemctl show` of that unit.',
        );
      valueByName.set(property, value);
    }
    all.push(valueByName);
  }
  return ok(all);
};

/** What `systemctl show` tells, without the start of a program; where systemd cannot be reached so, that program is asked. */
export const createUnitLook = (run: Run, socketPath = PRIVATE_SOCKET): LookAtUnits => {
  const byProgram = unitsBySystemctl(run);
  return async (units, properties, bounds) => {
    const wanted = units.flatMap((unit) => properties.map((property) => ({ path: pathOf(unit), property })));
    const calls = wanted.map((each, index) =>
      propertyCall({
        ...each,
        serial: index + 1,
        destination: 'org.freedesktop.systemd1',
        interface: 'org.freedesktop.systemd1.Unit',
      }),
    );
    const asked = await ask(socketPath, calls, bounds);
    switch (asked.kind) {
      case 'answers':
        return collect(units, properties, asked.answers);
      case 'no-socket':
        return await byProgram(units, properties, bounds);
      case 'late':
        return silent(`nothing came within ${bounds.timeoutMs} ms`);
      case 'called-off':
        return silent('the question was called off');
    }
  };
};
