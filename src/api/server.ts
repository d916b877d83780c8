/** The control socket: a Unix domain socket for root (and a configured group). Bounded, and proof against garbage. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { AlarmAsk } from '../alarms/protocol.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import type { DrillAsk } from '../drill/protocol.ts';
import type { JournalEntry } from '../ports.ts';
import type { StreamProgress } from '../replication/stream.ts';
import {
  type CommandAnswer,
  LONGEST_LINE,
  type OtherSnapshot,
  type Request,
  type Response,
  readRequest,
} from './protocol.ts';
import type { Snapshot } from './snapshot.ts';

/** What the server asks of the agent. */
export interface ApiSource {
  snapshot(): Snapshot;
  command(request: Extract<Request, { type: 'command' }>): Promise<CommandAnswer>;
  /** Work of the replicator; `signal` cancels it. */
  work(
    request: Extract<Request, { type: 'work' }>,
    onProgress: (progress: StreamProgress) => void,
    signal: AbortSignal,
  ): Promise<Result<unknown>>;
  /** Open alarms and their channels; absent where none are configured. */
  alarm?(ask: AlarmAsk, signal: AbortSignal): Promise<Result<unknown>>;
  /** Drills; absent where there is no pair. */
  drill?(ask: DrillAsk, by: string): Promise<Result<unknown>>;
  /** The other node as it showed itself last; who asks again and again is told of it. Null: never. */
  other?(): OtherSnapshot | null;
  /** Takes up who the other node is now, from the file; absent where there is none. */
  settings?(by: string, ask: unknown): Promise<Result<unknown>>;
  reload?(by: string): Promise<CommandAnswer>;
  /** Keeps in the journal who did what outside the agent. */
  audit?(audit: Pick<Extract<Request, { type: 'audit' }>, 'by' | 'what' | 'detail'>): void;
  readJournal(query: {
    readonly sinceSeq?: number;
    readonly sinceWall?: number;
    readonly limit: number;
  }): readonly JournalEntry[];
  /** Calls after each change worth showing; returns what ends it. */
  onChange(listener: () => void): () => void;
}

export interface ApiServer {
  close(): Promise<void>;
}

export interface ApiServerOptions {
  readonly path: string;
  /** A group that may use it besides root; null: root alone. */
  readonly group: string | null;
}

const MOST_CLIENTS = 32;
const MOST_WATCHES = 4;
/** A client that does not read what it asked for is dropped. */
const MOST_UNREAD_BYTES = 4 * 1024 * 1024;

const gidOf = (group: string): number | null => {
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${group}:`));
  const gid = Number(line?.split(':')[2]);
  return line !== undefined && Number.isInteger(gid) ? gid : null;
};

const watch = (socket: Socket, source: ApiSource, { id, everyMs, pair }: Extract<Request, { type: 'watch' }>) => {
  let last = 0;
  let told: OtherSnapshot | null = null;
  let timer: NodeJS.Timeout | null = null;
  const show = (): void => {
    timer = null;
    last = performance.now();
    const other = pair ? (source.other?.() ?? null) : null;
    const news = other === null || other === told ? {} : { other };
    told = other;
    answer(socket, { id, type: 'snapshot', snapshot: source.snapshot(), ...news });
  };
  const end = source.onChange(() => {
    timer ??= setTimeout(show, Math.max(0, last + everyMs - performance.now()));
  });
  socket.once('close', () => {
    end();
    if (timer !== null) clearTimeout(timer);
  });
  show();
};

const answer = (socket: Socket, response: Response): void => {
  if (!socket.writable) return;
  if (socket.writableLength > MOST_UNREAD_BYTES) {
    socket.destroy();
    return;
  }
  socket.write(`${JSON.stringify(response)}\n`);
};

const readJournal = (source: ApiSource, request: Extract<Request, { type: 'journal' }>): Response => {
  const { id, sinceSeq, sinceWall, limit } = request;
  const query = { ...(sinceSeq === null ? {} : { sinceSeq }), ...(sinceWall === null ? {} : { sinceWall }), limit };
  try {
    return { id, type: 'journal', entries: source.readJournal(query) };
  } catch (error) {
    const message = messageOf(error);
    return {
      id,
      type: 'fault',
      fault: { code: 'journal-unreadable', message, remedy: 'see `dualtone journal verify`' },
    };
  }
};

const work = async (socket: Socket, source: ApiSource, request: Extract<Request, { type: 'work' }>): Promise<void> => {
  const { id } = request;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  socket.once('close', onClose);
  const progress = (made: StreamProgress): void => answer(socket, { id, type: 'progress', progress: made });
  const result = await source.work(request, progress, gone.signal);
  socket.off('close', onClose);
  answer(socket, { id, type: 'result', result });
};

const NO_ALARMS = fail(
  'alarms-off',
  'No channel of alarms is configured on this machine, and no heartbeat.',
  'Configure `alarms`; see docs/alarms.md.',
);

const NO_SETTINGS = fail('not-a-node', 'This is a checkpoint: it has no other node.', 'Ask one of the nodes.');

const NO_OTHER: CommandAnswer = {
  ok: false,
  code: 'not-a-node',
  text: 'This is a checkpoint: it has no other node.',
  remedy: 'Restart it where its configuration has changed.',
};

const alarm = async (
  socket: Socket,
  source: ApiSource,
  request: Extract<Request, { type: 'alarm' }>,
): Promise<void> => {
  const { id, ask } = request;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  socket.once('close', onClose);
  const result = source.alarm === undefined ? NO_ALARMS : await source.alarm(ask, gone.signal);
  socket.off('close', onClose);
  answer(socket, { id, type: 'result', result });
};

const serve = (socket: Socket, source: ApiSource): void => {
  let buffered = '';
  let watches = 0;
  const obey = (line: string): void => {
    const { id, request } = readRequest(line);
    if (!request.ok) return answer(socket, { id, type: 'fault', fault: request.error });
    const asked = request.value;
    switch (asked.type) {
      case 'snapshot':
        return answer(socket, { id, type: 'snapshot', snapshot: source.snapshot() });
      case 'watch':
        watches += 1;
        if (watches <= MOST_WATCHES) return watch(socket, source, asked);
        socket.destroy();
        return;
      case 'audit':
        source.audit?.(asked);
        return answer(socket, { id, type: 'result', result: ok(null) });
      case 'journal':
        return answer(socket, readJournal(source, asked));
      case 'work':
        void work(socket, source, asked);
        return;
      case 'alarm':
        void alarm(socket, source, asked);
        return;
      case 'drill':
        void (source.drill?.(asked.ask, asked.by) ?? Promise.resolve(NO_SETTINGS)).then((result) =>
          answer(socket, { id, type: 'result', result }),
        );
        return;
      case 'settings':
        void (source.settings?.(asked.by, asked.ask) ?? Promise.resolve(NO_SETTINGS)).then((result) =>
          answer(socket, { id, type: 'result', result }),
        );
        return;
      case 'reload':
        void (source.reload?.(asked.by) ?? Promise.resolve(NO_OTHER)).then((given) =>
          answer(socket, { id, type: 'answer', answer: given }),
        );
        return;
      case 'command':
        void source.command(asked).then((given) => answer(socket, { id, type: 'answer', answer: given }));
        return;
    }
  };
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    buffered += text;
    for (let end = buffered.indexOf('\n'); end >= 0 && !socket.destroyed; end = buffered.indexOf('\n')) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      if (line.trim() !== '') obey(line);
    }
    if (buffered.length > LONGEST_LINE) socket.destroy();
  });
};

/** True when somebody answers there. */
const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

/** Takes away what a dead agent left; never what is not a socket, never a living agent's. */
const clear = async (path: string): Promise<Result<void>> => {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(path);
  } catch {
    return ok(undefined);
  }
  if (!found.isSocket())
    return fail('api-not-a-socket', `${path} exists and is not a socket`, 'move it away, or set control-socket.path');
  if (await isAlive(path)) {
    return fail(
      'already-running',
      `another agent answers at ${path}`,
      'stop it first: `systemctl stop dualtone`, or give this one a run-dir of its own',
    );
  }
  unlinkSync(path);
  return ok(undefined);
};

const listen = (server: Server, path: string): Promise<Result<void>> =>
  new Promise((resolve) => {
    server.once('error', (error) =>
      resolve(
        fail(
          'api-listen',
          `the control socket ${path} cannot be made: ${error.message}`,
          'see the mode of its directory, or run as root',
        ),
      ),
    );
    // Nobody may connect in the moment between bind and chmod.
    const before = process.umask(0o177);
    server.listen(path, () => resolve(ok(undefined)));
    process.umask(before);
  });

const admit = (path: string, group: string | null): Result<void> => {
  if (group === null) return ok(undefined);
  const gid = gidOf(group);
  if (gid === null)
    return fail('api-group', `there is no group ${group}`, `groupadd ${group}, or set control-socket.group to null`);
  chownSync(path, -1, gid);
  chmodSync(path, 0o660);
  return ok(undefined);
};

/** Fails with `already-running`, `api-listen`, `api-group`, `api-not-a-socket`. */
export const openApiServer = async (options: ApiServerOptions, source: ApiSource): Promise<Result<ApiServer>> => {
  const { path, group } = options;
  const clients = new Set<Socket>();
  const server = createServer((socket) => {
    if (clients.size >= MOST_CLIENTS) return void socket.destroy();
    clients.add(socket);
    socket.once('close', () => clients.delete(socket));
    serve(socket, source);
  });
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const cleared = await clear(path);
    if (!cleared.ok) return cleared;
    const listening = await listen(server, path);
    if (!listening.ok) return listening;
    const admitted = admit(path, group);
    if (!admitted.ok) {
      server.close();
      return admitted;
    }
  } catch (error) {
    server.close();
    const why = messageOf(error);
    return fail(
      'api-listen',
      `the control socket ${path} cannot be made: ${why}`,
      'see the mode of its directory, or run as root',
    );
  }
  return ok({
    close: () =>
      new Promise((resolve) => {
        for (const client of clients) client.destroy();
        server.close(() => resolve());
      }),
  });
};
