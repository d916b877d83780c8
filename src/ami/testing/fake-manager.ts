import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** An Asterisk manager for tests: what this project asks of one, and the ways in which one goes wrong. */
export interface FakeManager {
  readonly port: number;
  /** AstDB by full path (`/registrar/contact/…`). */
  readonly valueByPath: Map<string, string>;
  /** The names of the actions it got, in order. */
  readonly actions: string[];
  /** All bytes it got. */
  readonly heard: () => string;
  calls: number;
  /** Gives only so many bytes of a value with DBGet, as Asterisk 16 does with 255. */
  cutAt: number;
  /** Accepts and reads, but answers nothing, as a stuck Asterisk; or answers again, first what it owes. */
  freeze(frozen: boolean): void;
  /** Actions answered with `Response: Error` and this message. */
  readonly refusalByAction: Map<string, string>;
  emit(event: string, headers?: Readonly<Record<string, string>>): void;
  /** Sends these bytes to everybody. */
  say(bytes: string | Buffer): void;
  /** Drops every connection, and goes on listening. */
  dropAll(): void;
  /** As a killed process: connections end and nobody listens. */
  kill(): Promise<void>;
  /** Listens again at the same port. */
  revive(): Promise<void>;
  stop(): Promise<void>;
}

interface State {
  readonly valueByPath: Map<string, string>;
  readonly refusalByAction: Map<string, string>;
  readonly actions: string[];
  readonly sockets: Set<Socket>;
  readonly owed: (() => void)[];
  server: Server;
  frozen: boolean;
  heard: string;
  calls: number;
  cutAt: number;
  secret: string;
}

export const startFakeManager = async (secret = 's3cret'): Promise<FakeManager> => {
  const state: State = {
    valueByPath: new Map(),
    refusalByAction: new Map(),
    actions: [],
    sockets: new Set(),
    owed: [],
    server: createServer(),
    frozen: false,
    heard: '',
    calls: 0,
    cutAt: Number.POSITIVE_INFINITY,
    secret,
  };
  const port = await listen(state, 0);
  const kill = async (): Promise<void> => {
    if (!state.server.listening) return;
    const closed = once(state.server, 'close');
    state.server.close();
    for (const socket of state.sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    port,
    valueByPath: state.valueByPath,
    actions: state.actions,
    refusalByAction: state.refusalByAction,
    heard: () => state.heard,
    get calls() {
      return state.calls;
    },
    set calls(calls: number) {
      state.calls = calls;
    },
    get cutAt() {
      return state.cutAt;
    },
    set cutAt(bytes: number) {
      state.cutAt = bytes;
    },
    freeze: (frozen) => {
      state.frozen = frozen;
      if (!frozen) for (const answer of state.owed.splice(0)) answer();
    },
    emit: (event, headers = {}) => sayAll(state, block([['Event', event], ...Object.entries(headers)])),
    say: (bytes) => sayAll(state, bytes),
    dropAll: () => {
      for (const socket of state.sockets) socket.destroy();
    },
    kill,
    revive: async () => {
      state.server = createServer();
      await listen(state, port);
    },
    stop: kill,
  };
};

const listen = async (state: State, port: number): Promise<number> => {
  state.server.on('connection', (socket) => serve(state, socket));
  state.server.listen(port, '127.0.0.1');
  await once(state.server, 'listening');
  const address = state.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
};

const sayAll = (state: State, bytes: string | Buffer): void => {
  for (const socket of state.sockets) socket.write(bytes);
};

const block = (headers: readonly (readonly [string, string])[]): string =>
  `${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

const serve = (state: State, socket: Socket): void => {
  state.sockets.add(socket);
  socket.on('close', () => state.sockets.delete(socket));
  socket.on('error', () => undefined);
  socket.setEncoding('utf8');
  whenThawed(state, () => socket.write('Asterisk Call Manager/11.0.0\r\n'));
  let rest = '';
  socket.on('data', (text: string) => {
    state.heard += text;
    const blocks = (rest + text).split('\r\n\r\n');
    rest = blocks.pop() ?? '';
    for (const asked of blocks) {
      const valueByName = new Map(asked.split('\r\n').map((line) => headerIn(line)));
      state.actions.push(valueByName.get('action') ?? '');
      whenThawed(state, () => socket.write(answerTo(state, valueByName)));
    }
  });
};

const whenThawed = (state: State, answer: () => void): void => {
  if (state.frozen) state.owed.push(answer);
  else answer();
};

const headerIn = (line: string): [string, string] => {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
};

const challenge = '164892311';

const answerTo = (state: State, asked: ReadonlyMap<string, string>): string => {
  const action = asked.get('action') ?? '';
  const id = ['ActionID', asked.get('actionid') ?? ''] as const;
  const success = (...headers: (readonly [string, string])[]): string =>
    block([['Response', 'Success'], id, ...headers]);
  const error = (message: string): string => block([['Response', 'Error'], id, ['Message', message]]);
  const refusal = state.refusalByAction.get(action);
  if (refusal !== undefined) return error(refusal);
  const path = `/${asked.get('family') ?? ''}/${asked.get('key') ?? ''}`;
  switch (action) {
    case 'Challenge':
      return success(['Challenge', challenge]);
    case 'Login': {
      const key = createHash('md5')
        .update(challenge + state.secret)
        .digest('hex');
      return asked.get('key') === key
        ? success(['Message', 'Authentication accepted'])
        : error('Authentication failed');
    }
    case 'Ping':
      return success(['Ping', 'Pong'], ['Timestamp', '1.0']);
    case 'CoreStatus':
      return success(['CoreStartupTime', '07:57:26'], ['CoreCurrentCalls', String(state.calls)]);
    case 'DBPut':
      state.valueByPath.set(path, asked.get('val') ?? '');
      return success(['Message', 'Updated database successfully']);
    case 'DBDel':
      return state.valueByPath.delete(path)
        ? success(['Message', 'Key deleted successfully'])
        : error('Database entry could not be deleted');
    case 'DBGet':
      return dbGet(state, path, id) ?? error('Database entry not found');
    case 'DBGetTree':
      return dbTree(state, asked.has('key') ? path : `/${asked.get('family') ?? ''}/`.replace('//', '/'), id);
    case 'Command':
      return success(['Message', 'Command output follows'], ...consoleLines(state, asked.get('command') ?? ''));
    default:
      return error('Invalid/unknown command: use Action: ListCommands to list available commands.');
  }
};

const consoleLines = (state: State, command: string): (readonly [string, string])[] => {
  const prefix = `/${command.replace(/^database show /, '')}/`;
  const rows = [...state.valueByPath].filter(([path]) => path.startsWith(prefix));
  return rows.map(([path, value]) => ['Output', `${path.padEnd(50)}: ${value.padEnd(25)}`] as const);
};

const dbGet = (state: State, path: string, id: readonly [string, string]): string | null => {
  const value = state.valueByPath.get(path);
  if (value === undefined) return null;
  const head = block([['Response', 'Success'], id, ['EventList', 'start'], ['Message', 'Result will follow']]);
  const given = Buffer.from(value).subarray(0, state.cutAt).toString();
  const entry = block([['Event', 'DBGetResponse'], ['Key', path], ['Val', given], id]);
  return head + entry + block([['Event', 'DBGetComplete'], id, ['EventList', 'Complete'], ['ListItems', '1']]);
};

const dbTree = (state: State, prefix: string, id: readonly [string, string]): string => {
  let text = block([['Response', 'Success'], id, ['EventList', 'start'], ['Message', 'Result will follow']]);
  for (const [path, value] of state.valueByPath) {
    if (path.startsWith(prefix)) text += block([['Event', 'DBGetTreeResponse'], ['Key', path], ['Val', value], id]);
  }
  return text + block([['Event', 'DBGetTreeComplete'], id, ['EventList', 'Complete']]);
};
