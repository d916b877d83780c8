import { createSocket, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { hostText, newTag } from '../sip/build.ts';
import { socketFault } from '../sip/channel.ts';
import { parseMessage } from '../sip/parse.ts';
import type { SipAsker, SipAskerOptions } from './sip-asker.ts';

/** Where questions are asked from and answers come to. */
interface Line {
  readonly socket: Socket;
  /** Own address and port, once they are known. */
  own: string;
  readonly openById: Map<string, (answer: Result<number>) => void>;
  retired: boolean;
  closed: boolean;
}

interface State {
  readonly options: SipAskerOptions;
  readonly place: string;
  line: Line | null;
  opening: Promise<Result<Line>> | null;
  readonly lines: Set<Line>;
  /** Chance once, then a count: every question needs names of its own. */
  readonly token: string;
  asked: number;
  closed: boolean;
}

const aborted = fail('sip-aborted', 'OPTIONS was called off.', 'Nothing to do.');

/**
 * OPTIONS over UDP for those who ask many times a second, at a third of the cost: the question is a text with two numbers in it, of the
 * answer the status and our own token are read, and nothing is repeated, since the next question comes sooner. What does not
 * look like that goes through the whole parser. The limit of time is the caller's signal.
 */
export const createQuickSipAsker = (options: SipAskerOptions): SipAsker => {
  const state: State = {
    options,
    place: `${options.host}:${options.port} over UDP`,
    line: null,
    opening: null,
    lines: new Set(),
    token: `z9hG4bK${newTag()}q`,
    asked: 0,
    closed: false,
  };
  return {
    ask: async ({ signal }) => {
      const opened = state.line === null ? await lineOf(state) : ok(state.line);
      if (!opened.ok) return opened;
      return signal.aborted ? aborted : await askOn(state, opened.value, signal);
    },
    renew: () => {
      const { line } = state;
      if (line === null) return;
      state.line = null;
      line.retired = true;
      tidy(state, line);
    },
    close: async () => {
      state.closed = true;
      await state.opening;
      state.line = null;
      for (const line of state.lines) end(state, line, aborted.error);
    },
  };
};

const askOn = (state: State, line: Line, signal: AbortSignal): Promise<Result<number>> =>
  new Promise((resolve) => {
    state.asked += 1;
    const id = String(state.asked);
    const settle = (answer: Result<number>): void => {
      line.openById.delete(id);
      signal.removeEventListener('abort', calledOff);
      resolve(answer);
      tidy(state, line);
    };
    const calledOff = (): void => settle(aborted);
    signal.addEventListener('abort', calledOff, { once: true });
    line.openById.set(id, settle);
    line.socket.send(questionOf(state, line.own, id), (error) => {
      if (error !== null) end(state, line, socketFault(error, state.place));
    });
  });

const questionOf = ({ options: { host, port }, token }: State, own: string, id: string): Buffer => {
  const uri = `sip:${hostText(host)}:${port}`;
  return Buffer.from(
    `OPTIONS ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${own};rport;branch=${token}${id}\r\nMax-Forwards: 70\r\n` +
      `From: <sip:dualtone@${own}>;tag=${token}${id}\r\nTo: <${uri}>\r\nCall-ID: ${token}${id}\r\nCSeq: 1 OPTIONS\r\n` +
      `Contact: <sip:dualtone@${own}>\r\nUser-Agent: Dualtone\r\nContent-Length: 0\r\n\r\n`,
    'latin1',
  );
};

const tidy = (state: State, line: Line): void => {
  if (line.retired && line.openById.size === 0) end(state, line, aborted.error);
};

const end = (state: State, line: Line, fault: Fault): void => {
  if (line.closed) return;
  line.closed = true;
  state.lines.delete(line);
  if (state.line === line) state.line = null;
  line.socket.close();
  for (const settle of Array.from(line.openById.values())) settle({ ok: false, error: fault });
};

const receive = (state: State, line: Line, bytes: Buffer): void => {
  const text = bytes.toString('latin1', 0, 4096);
  const status = /^SIP\/2\.0 ([1-6]\d\d) /.exec(text)?.[1];
  const at = text.indexOf(state.token);
  if (status !== undefined && at >= 0) {
    const id = /^\d+/.exec(text.slice(at + state.token.length, at + state.token.length + 16))?.[0] ?? '';
    if (status >= '200') line.openById.get(id)?.(ok(Number(status)));
    return;
  }
  const message = parseMessage(bytes);
  if (message.ok || message.error.code === 'sip-empty') return;
  const said = `What answers there does not speak SIP. ${message.error.message}`;
  for (const settle of Array.from(line.openById.values())) settle(fail('sip-garbled', said, 'Check the port.'));
};

const lineOf = (state: State): Promise<Result<Line>> => {
  state.opening ??= open(state).finally(() => {
    state.opening = null;
  });
  return state.opening;
};

/** Without it an address would pass the resolver. */
const asWritten = (
  address: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void,
): void => done(null, address, isIPv6(address) ? 6 : 4);

/** UDP is connected too, so that a dead port is told at once by ICMP, and nobody else is listened to. */
const open = (state: State): Promise<Result<Line>> => {
  const { host, port, localAddress } = state.options;
  const version6 = isIPv6(host) || (localAddress !== undefined && isIPv6(localAddress));
  const socket = createSocket({
    type: version6 ? 'udp6' : 'udp4',
    ...(isIP(host) === 0 ? {} : { lookup: asWritten }),
  });
  const line: Line = { socket, own: '', openById: new Map(), retired: false, closed: false };
  state.lines.add(line);
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const fault = socketFault(error, state.place);
      end(state, line, fault);
      resolve({ ok: false, error: fault });
    };
    socket.on('error', failed);
    socket.on('message', (bytes) => receive(state, line, bytes));
    const connect = (): void => {
      socket.connect(port, host, (error?: Error) => {
        if (error !== undefined) return failed(error);
        if (line.closed) return resolve(aborted);
        const { address: own, port: ownPort } = socket.address();
        line.own = `${hostText(own)}:${ownPort}`;
        state.line = line;
        if (state.closed) end(state, line, aborted.error);
        resolve(state.closed ? aborted : ok(line));
      });
    };
    if (localAddress === undefined) connect();
    else socket.bind({ address: localAddress, port: 0, exclusive: true }, connect);
  });
};
