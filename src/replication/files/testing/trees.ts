/** Trees of small files for tests of merges, and the standby's side of them on the same machine. */
import {
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ok } from '../../../core/result.ts';
import { type Manifests, manifest, readManifests } from '../merge/manifest.ts';
import type { FileMergeSources } from '../merge/report.ts';

/** What a file holds; its time follows from it, so that the same content has the same time everywhere. `@x` is a link to x. */
export type Tree = Readonly<Record<string, string>>;

const timeOf = (content: string): number =>
  1_700_000_000 + (Buffer.from(content).reduce((sum, byte) => sum * 7 + byte, 0) % 1e6);

export const putFile = (root: string, name: string, content: string): void => {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  if (content.startsWith('@')) {
    symlinkSync(content.slice(1), path);
    lutimesSync(path, 1, 1);
    return;
  }
  writeFileSync(path, content);
  utimesSync(path, timeOf(content), timeOf(content));
};

export const putTree = (root: string, tree: Tree): void => {
  mkdirSync(root, { recursive: true });
  for (const [name, content] of Object.entries(tree)) putFile(root, name, content);
};

export const readTree = (root: string): Tree => {
  const found: Record<string, string> = {};
  const walk = (relative: string): void => {
    for (const name of readdirSync(join(root, relative)).toSorted()) {
      const inner = join(relative, name);
      const facts = lstatSync(join(root, inner));
      if (facts.isDirectory()) walk(inner);
      else
        found[inner] = facts.isSymbolicLink()
          ? `@${readlinkSync(join(root, inner))}`
          : readFileSync(join(root, inner), 'utf8');
    }
  };
  walk('');
  return found;
};

/** `there` plays the standby's version of the one directory `here`. */
export const localSources = (here: string, there: string, beforeFile: string | null): FileMergeSources => {
  const renamed = (found: Manifests): Manifests => new Map([[here, found.get(there) ?? null]]);
  return {
    before: () => Promise.resolve(beforeFile === null ? ok(null) : readManifests(beforeFile)),
    there: async (signal) => {
      const listed = await manifest([there], signal);
      return listed.ok ? ok(renamed(listed.value)) : listed;
    },
    fetch: (_, staging) => {
      putTree(staging, readTree(there));
      return Promise.resolve(ok(undefined));
    },
  };
};
