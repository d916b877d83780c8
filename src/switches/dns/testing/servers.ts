/** Real name servers on loopback ports, BIND and Knot, each with one zone of the test's own. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookUp } from '../name-server.ts';

export type Make = 'bind' | 'knot';

export interface ZoneServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly folder: string;
  readonly port: number;
  /** Lines of the zone after its SOA and NS; null: it is transferred from `primary`. */
  readonly zone: string | null;
  readonly primary: number | null;
  /** Port of the other server that is told of changes. */
  readonly secondary: number | null;
}

export const ZONE = 'example.org';
/** `dualtone.` may change the zone; `stranger.` is known, and may not. */
export const SECRET_BY_KEY: Readonly<Record<string, string>> = {
  dualtone: 'c2Vzc2lvbi1vZi1hLXRlc3Qtb25seS0zMi1ieXRlcyE=',
  stranger: 'YW5vdGhlci1rZXktb2YtYS10ZXN0LTMyLWJ5dGVzISE=',
};

export const keyText = (name: string, secret = SECRET_BY_KEY[name] ?? '', algorithm = 'hmac-sha256'): string =>
  `key "${name}" {\n\talgorithm ${algorithm};\n\tsecret "${secret}";\n};\n`;

const zoneText = (lines: string): string =>
  `$ORIGIN ${ZONE}.\n$TTL 30\n@ IN SOA ns hostmaster 1 3600 60 86400 30\n@ IN NS ns\nns IN A 127.0.0.1\n${lines}\n`;

const bindConfiguration = ({ folder, port, zone, primary, secondary }: ServerOptions): string => `
options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none;
  session-keyfile none; recursion no; allow-transfer { any; }; notify explicit; notify-delay 0; dnssec-validation no; };
controls { };
${keyText('dualtone')}${keyText('stranger')}
zone "${ZONE}" { ${
  zone === null
    ? `type secondary; file "zone.db"; primaries { 127.0.0.1 port ${primary}; };`
    : `type primary; file "zone.db"; allow-update { key dualtone; };`
} ${secondary === null ? '' : `also-notify { 127.0.0.1 port ${secondary}; };`} };
`;

const knotConfiguration = ({ folder, port, primary, secondary }: ServerOptions): string => `
server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
database:
    storage: "${folder}"
key:
${Object.entries(SECRET_BY_KEY)
  .map(([name, secret]) => `  - id: ${name}\n    algorithm: hmac-sha256\n    secret: ${secret}\n`)
  .join('')}
remote:
  - id: other
    address: 127.0.0.1@${primary ?? secondary ?? 1}
acl:
  - id: update
    key: dualtone
    action: update
  - id: transfer
    address: 127.0.0.1
    action: [transfer, notify]
zone:
  - domain: ${ZONE}
    storage: "${folder}"
    file: zone.db
    acl: [update, transfer]
    ${primary === null ? '' : 'master: other'}
    ${secondary === null ? '' : 'notify: other'}
`;

const argvOf = (make: Make, file: string): readonly string[] =>
  make === 'bind' ? ['named', '-g', '-c', file] : ['knotd', '-c', file];

const tells = async (port: number): Promise<boolean> => {
  const bounds = { timeoutMs: 500, signal: new AbortController().signal };
  const told = await lookUp({ address: '127.0.0.1', port }, ZONE, `ns.${ZONE}`, 'A', bounds);
  return told.ok && told.value.data.length === 1;
};

const untilTells = async (port: number, child: ChildProcess, said: () => string): Promise<void> => {
  for (let left = 1000; left > 0; left -= 1) {
    if (await tells(port)) return;
    assert.equal(child.exitCode, null, `the name server ended: ${said()}`);
    await sleep(10);
  }
  assert.fail(`the name server does not tell its zone: ${said()}`);
};

/** Comes back when it tells its zone. Throws where it is not installed or does not come up. */
export const startServer = async (make: Make, options: ServerOptions): Promise<ZoneServer> => {
  const { folder, port, zone } = options;
  mkdirSync(folder, { recursive: true });
  if (zone !== null) writeFileSync(join(folder, 'zone.db'), zoneText(zone));
  const file = join(folder, `${make}.conf`);
  writeFileSync(file, make === 'bind' ? bindConfiguration(options) : knotConfiguration(options));
  const [program = '', ...argv] = argvOf(make, file);
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (part: string) => {
      text = (text + part).slice(-4000);
    });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  try {
    await untilTells(port, child, () => text);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
};

/** What `dig` makes of one name there, sorted; another reader than ours. */
export const dig = (port: number, name: string, type: string): readonly string[] =>
  execFileSync('dig', ['@127.0.0.1', '-p', String(port), '+short', '+norecurse', name, type], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .toSorted();
