/**
 * Stand-ins for the Edge and contact-centre hosts: the shipped forced commands themselves, run as sshd runs them, in a folder with a
 * `dcomp` that behaves as Compose does, and that can be slow, refuse, hang or talk nonsense. Not `edge-dcomp` or `xivocc-dcomp` itself.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok } from '../../core/result.ts';
import { type Run, run } from '../../process/run.ts';
import type { SshTarget } from '../../ssh/target.ts';
import { createFarHost, type FarHost } from '../far-host.ts';

/** Where the programs are that far hosts install. */
export const FORCED = join(import.meta.dirname, '../../../examples/forced');

/** Compose as far as the forced commands use it, in the folder in which it lies; the files `hangs`, `refuses`, `nonsense` and `slow` tell it how to be. */
export const DCOMP = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
[ ! -e slow ] || sleep "$(cat slow)"
[ ! -e hangs ] || [ "$1" != "$(cat hangs)" ] || exec sleep 100
[ ! -e refuses ] || [ "$1" != "$(cat refuses)" ] || { [ -e refuses-always ] || rm refuses; echo 'no space left on device' >&2; exit 1; }
[ ! -e nonsense ] || [ "$1" != "$(cat nonsense)" ] || { echo '<html>a printer</html>'; exit 0; }
case "$1" in
  up) cp .env running-env; echo turn > services; echo sip >> services ;;
  ps) cat services 2>/dev/null ;;
  config) printf 'turn\\nsip\\n' ;;
  restart) echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) xuc started" >> log; echo xuc > services ;;
  stop) : > services ;;
  start) echo xuc > services ;;
  logs) awk -v since="$4" '$1 >= since' log 2>/dev/null ;;
esac
`;

export interface ForcedHost {
  readonly host: FarHost;
  readonly folder: string;
  /** Programs of the host that were run, in order. */
  calls(): readonly string[];
  file(name: string): string | null;
  put(name: string, text: string): void;
  /** From now on this program of the host never ends. */
  hang(verb: string): void;
  /** This program fails, once or always. */
  refuse(verb: string, how: 'once' | 'always'): void;
  well(): void;
  remove(): void;
}

const target: SshTarget = {
  user: 'dualtone',
  address: '127.0.0.1',
  port: 22,
  hostAlias: 'far',
  keyFile: '/k',
  knownHostsFile: '/h',
  connectTimeoutMs: 1000,
  controlPath: null,
};

/** What sshd does with a forced command: the client's words become a variable. */
const asSshd = (script: string, folder: string): Run => {
  const env = {
    DUALTONE_EDGE_DIRECTORY: folder,
    DUALTONE_EDGE_COMPOSE: join(folder, 'dcomp'),
    DUALTONE_CC_COMPOSE: join(folder, 'dcomp'),
  };
  return (argv, options) => {
    const words = argv.slice(argv.indexOf(target.hostAlias) + 1);
    return run(['sh', script], { ...options, env: { ...env, SSH_ORIGINAL_COMMAND: words.join(' ') } });
  };
};

export const createForcedHost = (program: 'dualtone-edge' | 'dualtone-cc'): ForcedHost => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-far-'));
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('dcomp'), DCOMP);
  chmodSync(path('dcomp'), 0o755);
  const script = join(FORCED, program);
  const file = (name: string): string | null => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : null);
  return {
    folder,
    host: createFarHost(program, target, asSshd(script, folder)),
    file,
    calls: () => (file('calls') ?? '').trimEnd().split('\n'),
    put: (name, text) => writeFileSync(path(name), text),
    hang: (verb) => writeFileSync(path('hangs'), verb),
    refuse: (verb, how) => {
      writeFileSync(path('refuses'), verb);
      if (how === 'always') writeFileSync(path('refuses-always'), '');
    },
    well: () => {
      for (const name of ['hangs', 'refuses', 'refuses-always']) rmSync(path(name), { force: true });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** A machine that is not reached: ssh ends with 255. */
export const unreachableHost = (): FarHost =>
  createFarHost('edge', target, async () =>
    ok({
      exitCode: 255,
      endedBy: null,
      stdout: '',
      stderr: 'ssh: connect to host far port 22: Connection refused',
      tookMs: 1,
    }),
  );
