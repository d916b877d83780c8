/** `--etcd FILE` of `init` and `setup`: the section `arbiter` of a cluster, read, and the cluster asked, before anything is changed. */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { readRaw } from '../../config/edit.ts';
import { parseConfig, printProblem } from '../../config/parse.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { isRecord } from '../../core/words.ts';
import { tryCluster } from '../../etcd/try-cluster.ts';

/** Sections of the file that the cluster decides. */
export interface EtcdSections {
  readonly preset: string;
  readonly arbiter: Readonly<Record<string, unknown>>;
}

const TIMEOUT_MS = 5000;

const bad = (path: string, why: string) =>
  fail('etcd-section-bad', `${path} is no section of an arbiter in etcd: ${why}`, 'docs/etcd.md shows one.');

/** A node's file with this section and nothing else that matters: so its own parser judges it. */
const wholeFile = (sections: EtcdSections): string =>
  stringify({
    node: { role: 'main', name: 'main', address: '192.0.2.1' },
    peer: { name: 'standby', address: '192.0.2.2' },
    ...sections,
  });

/** `preset`: as given besides; else that of the file, else `etcd`. Faults: `etcd-section-bad`, those of `tryCluster`. */
export const readEtcdSections = async (path: string, preset: string | undefined): Promise<Result<EtcdSections>> => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return bad(path, `it cannot be read (${messageOf(error)}).`);
  }
  const raw = readRaw(text);
  const arbiter = isRecord(raw['arbiter']) ? raw['arbiter'] : raw;
  if (arbiter['kind'] !== 'etcd') return bad(path, 'it has no `kind: etcd`.');
  const sections = { preset: preset ?? (typeof raw['preset'] === 'string' ? raw['preset'] : 'etcd'), arbiter };
  const parsed = parseConfig(wholeFile(sections));
  if (!parsed.ok) return bad(path, parsed.problems.map((each) => printProblem('the section', each)).join('; '));
  const config = parsed.config.arbiter;
  if (config.kind !== 'etcd') throw new Error('it was of etcd');
  const tried = await tryCluster(config, TIMEOUT_MS);
  return tried.ok ? ok(sections) : tried;
};
