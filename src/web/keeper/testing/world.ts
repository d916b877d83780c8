/** The real web server, both processes, beside an agent that is made up: its control socket is real, its pair is not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../../test/free-port.ts';
import type { OtherSnapshot, Request } from '../../../api/protocol.ts';
import { type ApiServer, type ApiSource, openApiServer } from '../../../api/server.ts';
import type { NodeSnapshot } from '../../../api/snapshot.ts';
import { goodSnapshot } from '../../../checks/testing/around.ts';
import { ok, type Result } from '../../../core/result.ts';
import { createJournal, type WrittenJournal } from '../../../journal/journal.ts';
import type { WebRole } from '../../contract.ts';
import { workResults } from '../../page/testing/work-results.ts';
import { createUsers, type Users } from '../users.ts';

type Given = Extract<Request, { type: 'command' | 'work' | 'alarm' | 'audit' }>;

export interface FakeAgent {
  readonly given: Given[];
  show(change: Partial<NodeSnapshot>): void;
  showOther(other: OtherSnapshot | null): void;
  readonly journal: WrittenJournal;
  /** The next audit entry. */
  audited(what: string): Promise<Extract<Request, { type: 'audit' }>>;
  close(): Promise<void>;
}

const note = (journal: WrittenJournal, kind: string, data: unknown): void =>
  journal.append({ wall: Date.now(), at: performance.now(), epoch: 2, kind, reasons: [], data });

type Answering = Pick<ApiSource, 'command' | 'work'> & { readonly alarm: NonNullable<ApiSource['alarm']> };

/** Everything comes about. */
const answersOf = (given: Given[], journal: WrittenJournal): Answering => ({
  command: async (request) => {
    given.push(request);
    note(journal, 'decision', { command: request.command.name, by: request.by });
    return { ok: true, code: 'done', text: 'The other node serves now.', remedy: '' };
  },
  work: async (request, onProgress): Promise<Result<unknown>> => {
    given.push(request);
    onProgress({ what: request.work.name, done: 1, total: 2 });
    return ok(workResults[request.work.name] ?? { did: request.work.name });
  },
  alarm: async (ask) => {
    given.push({ id: '', type: 'alarm', by: '', ask });
    return ok(ask.name === 'alarm-list' ? { alarms: [], channels: [], queueTrouble: null, heartbeat: null } : []);
  },
});

const openAgent = async (folder: string): Promise<FakeAgent> => {
  const journal = createJournal({
    path: join(folder, 'state', 'journal'),
    maxAgeMs: 86_400_000,
    maxSizeBytes: 2 ** 26,
    memoryEntries: 100,
  });
  note(journal, 'agent-started', { program: 'test' });
  const given: Given[] = [];
  const listeners = new Set<() => void>();
  const audits: ((audit: Extract<Request, { type: 'audit' }>) => void)[] = [];
  let shown: NodeSnapshot = goodSnapshot;
  let other: OtherSnapshot | null = null;
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const source: ApiSource = {
    snapshot: () => shown,
    other: () => other,
    audit: (audit) => {
      const whole = { id: '', type: 'audit', ...audit } as const;
      given.push(whole);
      note(journal, 'audit', { by: audit.by, what: audit.what, detail: audit.detail });
      for (const listener of audits) listener(whole);
    },
    ...answersOf(given, journal),
    readJournal: (query) => journal.read(query),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const opened = await openApiServer({ path: join(folder, 'run', 'control.sock'), group: null }, source);
  if (!opened.ok) throw new Error(opened.error.message);
  const server: ApiServer = opened.value;
  return {
    given,
    journal,
    show: (change) => {
      shown = { ...shown, ...change };
      changed();
    },
    showOther: (showed) => {
      other = showed;
      changed();
    },
    audited: (what) =>
      new Promise((resolve) => {
        audits.push((audit) => {
          if (audit.what === what) resolve(audit);
        });
      }),
    close: async () => {
      await server.close();
      journal.close();
    },
  };
};

export interface World {
  readonly folder: string;
  readonly port: number;
  readonly agent: FakeAgent;
  readonly users: Users;
  /** What anybody must trust to be sure of it. */
  certificate(): string;
  /** What it says to the system's log. */
  said(): string;
  keeper(): ChildProcess;
  /** Ends it and starts another, as a restart of the agent does. */
  renew(): Promise<void>;
  /** A bearer token of that role. */
  token(role: WebRole): string;
  close(): Promise<void>;
}

/** Waits for what it is to say; throws where it ends before. */
const untilSaid = (
  child: ChildProcess,
  what: RegExp,
): { readonly said: () => string; readonly when: Promise<void> } => {
  let said = '';
  const when = new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (what.test(said)) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended: ${said}`)));
  });
  return { said: () => said, when };
};

const REPOSITORY = join(import.meta.dirname, '..', '..', '..', '..');

const yamlOf = (folder: string, port: number, web: string): string => `
node: { role: main, name: pbx1, address: 127.0.0.1 }
peer: { name: pbx2, address: 127.0.0.2 }
key-file: ${folder}/pair.key
state-dir: ${folder}/state
run-dir: ${folder}/run
streams: { astdb: { enabled: false } }
probes: { ami: null }
web:
  listen: [{ address: 127.0.0.1, port: ${port} }]
${web}
`;

/** Resolves when its server listens. */
const startKeeper = async (path: string) => {
  const keeper = spawn(process.execPath, [join(REPOSITORY, 'bin', 'dualtone.ts'), 'web', '--config', path], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const { said, when } = untilSaid(keeper, /listens on port/);
  await when;
  return { keeper, said };
};

export const ROLE_PASSWORD = 'a long and quiet word';

/** `web`: further keys of its section, two spaces deep. */
export const openWorld = async (web = ''): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-web-'));
  mkdirSync(join(folder, 'state'), { mode: 0o700 });
  writeFileSync(join(folder, 'pair.key'), `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const port = await freePort();
  const path = join(folder, 'dualtone.yaml');
  writeFileSync(path, yamlOf(folder, port, web));
  const agent = await openAgent(folder);
  const users = createUsers(join(folder, 'state', 'web', 'users.json'));
  let begun = await startKeeper(path);
  const endKeeper = async (): Promise<void> => {
    const { keeper } = begun;
    const ended = keeper.exitCode === null && keeper.signalCode === null ? once(keeper, 'exit') : null;
    keeper.stdin?.end();
    await ended;
  };
  const tokenByRole = new Map<WebRole, string>();
  return {
    folder,
    port,
    agent,
    users,
    keeper: () => begun.keeper,
    renew: async () => {
      await endKeeper();
      begun = await startKeeper(path);
    },
    said: () => begun.said(),
    certificate: () => readFileSync(join(folder, 'state', 'web', 'tls.crt'), 'utf8'),
    token: (role) => {
      const known = tokenByRole.get(role);
      if (known !== undefined) return known;
      const made = users.addToken(`for-${role}`, role, Date.now(), null);
      if (!made.ok) throw new Error(made.error.message);
      tokenByRole.set(role, made.value);
      return made.value;
    },
    close: async () => {
      await endKeeper();
      await agent.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
