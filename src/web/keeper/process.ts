/**
 * `dualtone web`: the part of the web server that has rights. It knows users, key and journal, speaks to the agent, and faces no
 * network; for that it starts `dualtone web-server`, which has no rights. It ends when its input does; dead it costs no call.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tellAudit } from '../../api/client.ts';
import { type Config, controlSocketPath, isServingWeb, journalPath, webStatePath } from '../../config/config.ts';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import type { Role } from '../../core/words.ts';
import { createLineReader } from '../../process/json-lines.ts';
import { childEnv } from '../../process/programs.ts';
import { run } from '../../process/run.ts';
import { systemClock } from '../../time/clock.ts';
import { LIMITS, type ServerSettings, type ToServer } from '../wire.ts';
import { createAnswers } from './answers.ts';
import { askOtherBy, createBothFiles } from './both-files.ts';
import { type CertificateSource, filesOf, ownCertificate } from './certificate.ts';
import { createConfigFile } from './config-file.ts';
import { createDrills } from './drills.ts';
import { type Audit, createGuard } from './guard.ts';
import { createJobs } from './jobs.ts';
import { createJournalSearch } from './journal-search.ts';
import { createPairing } from './pairing.ts';
import { readFromServer } from './read-asked.ts';
import { createRestart } from './restart.ts';
import { createSessions } from './sessions.ts';
import { createUsers } from './users.ts';
import { createPairWatch } from './watch.ts';
import { createWorker } from './work.ts';

/** How often the files of key and certificate are looked at. */
const CERTIFICATE_MS = 10_000;
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

const tellPeople = ({ code, message, remedy }: Fault): void =>
  void process.stderr.write(`dualtone web: ${message.replace(/\.$/, '')}.\n    ${remedy} [${code}]\n`);

/** Nobody of its own: a user that owns nothing. Fault: `web-user-unknown`. */
const userIds = (name: string): Result<ServerSettings['become']> => {
  if (process.getuid?.() !== 0) return ok(null);
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid = '', gid = ''] = line?.split(':') ?? [];
  if (/^\d+$/.test(uid) && /^\d+$/.test(gid) && uid !== '0') return ok({ uid: Number(uid), gid: Number(gid) });
  const message =
    uid === '0' ? `The user ${name} of the web server is root.` : `There is no user ${name} for the web server.`;
  return fail('web-user-unfit', message, 'Set web.user to one that owns nothing, such as nobody.');
};

const hostOf = (cidr: string): string => cidr.slice(0, cidr.indexOf('/'));

/** By what it may be called. */
const namesOf = (config: Config): readonly string[] => {
  const given = config.web.listen.map(({ address }) => address).filter((each) => each !== '0.0.0.0' && each !== '::');
  const virtual = (config.virtualIp?.addresses ?? []).map(hostOf);
  const named = [hostname(), config.node.name].filter((each) => /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(each));
  return [...new Set([...named, 'localhost', config.node.address, '127.0.0.1', ...virtual, ...given])];
};

const certificateOf = (config: Config): CertificateSource =>
  config.web.certificate !== null && config.web.key !== null
    ? filesOf(config.web.certificate, config.web.key)
    : ownCertificate(webStatePath(config), config.node.name, namesOf(config));

/** Where the built page lies. */
const PAGE = join(import.meta.dirname, '..', 'page', 'dist');

const centreOf = ({ switches: { contactCentre } }: Config, role: Role): string | null => {
  const side = contactCentre?.[role] ?? null;
  return side === null ? null : (side.users ?? side.address);
};

const settingsOf = (config: Config, become: ServerSettings['become'], version: string): ServerSettings => ({
  listen: config.web.listen,
  become,
  public: config.web.public,
  site: config.alarms.site,
  metricsFrom: config.web.metricsFrom,
  virtualAddress: config.virtualIp === null ? null : hostOf(config.virtualIp.addresses[0] ?? ''),
  centreByRole: { main: centreOf(config, 'main'), standby: centreOf(config, 'standby') },
  version,
  page: PAGE,
  limits: LIMITS,
});

/** Reads again and tells what is new; what is unfit is told once, and what served before goes on serving. */
const createCertificateWatch = (source: CertificateSource, tell: (message: ToServer) => void) => {
  let told = '';
  let trouble = '';
  const look = (): Result<void> => {
    const read = source.read(systemClock.wall());
    if (!read.ok) {
      if (trouble !== read.error.message) tellPeople(read.error);
      trouble = read.error.message;
      return read;
    }
    trouble = '';
    const { key, certificate } = read.value;
    if (told === `${key}${certificate}`) return ok(undefined);
    told = `${key}${certificate}`;
    tell({ type: 'certificate', key, certificate });
    return ok(undefined);
  };
  return { look };
};

const startServer = (argv: readonly string[]): ChildProcess => {
  const [program = '', ...args] = argv;
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: childEnv(), detached: false });
};

type Tell = (message: ToServer) => void;

/** How the keeper was started, and with which file. */
export interface KeeperStart {
  readonly configPath: string;
  /** This program, and `web-server` as its last word. */
  readonly serverArgv: readonly string[];
  readonly version: string;
}

const createWorks = (config: Config, { configPath, serverArgv }: KeeperStart, tell: Tell) => {
  const program = serverArgv.slice(0, -1);
  const socket = controlSocketPath(config);
  const users = createUsers(join(webStatePath(config), 'users.json'));
  const sessions = createSessions(join(webStatePath(config), 'sessions.json'), config.web.sessionMs);
  const audit: Audit = (by, what, detail) => void tellAudit(socket, by, what, detail);
  const guard = createGuard(users, sessions, systemClock, audit);
  const jobs = createJobs(createWorker(socket, config, program), systemClock, (job) => tell({ type: 'job', job }));
  const journal = createJournalSearch(journalPath(config));
  const pair = createPairWatch(socket, systemClock, (view) => tell({ type: 'pair', pair: view }));
  // Another machine may have taken the other node's place since this began.
  const names = () => {
    const { node, peer } = pair.now().this ?? config;
    return { node: node.name, peer: peer.name };
  };
  const followed = new AbortController();
  journal.follow(followed.signal, (entries) => tell({ type: 'journal', entries: entries.slice(-200) }));
  const file = createConfigFile(configPath, config, audit);
  const answer = createAnswers({
    file,
    both: createBothFiles(file, askOtherBy(socket)),
    socket,
    guard,
    users,
    jobs,
    journal,
    pair,
    drills: createDrills(socket, config.stateDir, audit),
    restart: createRestart({ run, view: file.view, snapshot: () => pair.now().this, audit }),
    pairing: createPairing({ program, configPath, config, names, clock: systemClock, audit }),
    audit,
  });
  return {
    answer,
    stop: () => {
      followed.abort();
      jobs.stop();
      pair.stop();
    },
  };
};

const createReader = (works: ReturnType<typeof createWorks>, tell: Tell) =>
  createLineReader(
    (input) => {
      const message = readFromServer(input);
      if (message === null) return tellPeople(odd('something odd').error);
      if (message.type === 'say') return tellPeople(message.fault);
      if (message.type === 'listening') {
        // For the system's own log, and for who waits for it.
        process.stderr.write(`dualtone web: listens on port ${message.ports.join(', ')}\n`);
        return;
      }
      const { id } = message;
      void works.answer(message).then(({ result, retryAfterMs }) => tell({ type: 'reply', id, result, retryAfterMs }));
    },
    (line) => tellPeople(odd(line).error),
  );

const odd = (what: string) =>
  fail('web-server-odd', `The web server's process said: ${what}.`, 'It may be under attack; see who reaches it.');

/** Resolves when the input or the server has ended. */
const untilOver = (server: ChildProcess): Promise<string | null> =>
  new Promise((resolve) => {
    server.once('error', (error) => resolve(error.message));
    server.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? '?'}`));
    process.stdin.once('end', () => resolve(null));
    process.stdin.once('error', () => resolve(null));
    process.stdin.resume();
  });

/** Runs until its input ends. Faults: `web-off`, `web-user-unfit`, `web-certificate-…`, `web-server-ended`. */
export const runKeeper = async (config: Config, begun: KeeperStart): Promise<Result<void>> => {
  if (!isServingWeb(config))
    return fail('web-off', 'The web server is to listen nowhere.', 'Set web.listen; see docs/api.md.');
  const become = userIds(config.web.user);
  if (!become.ok) return become;
  const server = startServer(begun.serverArgv);
  const tell: Tell = (message) => {
    const input = server.stdin;
    if (input?.writable !== true) return;
    // One that does not read what it is told is not well; its end brings the next.
    if (input.writableLength > MOST_UNREAD_BYTES) server.kill('SIGKILL');
    else input.write(`${JSON.stringify(message)}\n`);
  };
  server.stdin?.on('error', () => undefined);
  tell({ type: 'settings', settings: settingsOf(config, become.value, begun.version) });
  const certificates = createCertificateWatch(certificateOf(config), tell);
  const first = certificates.look();
  if (!first.ok) {
    server.kill('SIGKILL');
    process.stdin.destroy();
    return first;
  }
  const works = createWorks(config, begun, tell);
  const timer = setInterval(() => certificates.look(), CERTIFICATE_MS);
  server.stdout?.setEncoding('utf8').on('data', createReader(works, tell));
  const why = await untilOver(server);
  clearInterval(timer);
  works.stop();
  server.kill('SIGKILL');
  // Or it would wait for the agent's end, and the agent for its.
  process.stdin.destroy();
  if (why === null) return ok(undefined);
  return fail('web-server-ended', `The web server's process ended: ${why}.`, 'It starts again by itself.');
};
