import { fail, ok, type Result } from '../../src/core/result.ts';
import { runChecked } from '../process.ts';

/** Where this machine gets its Debian from, and the settings that getting it needs (proxies, a frozen mirror). */
export interface Mirror {
  readonly uri: string;
  readonly aptOptions: readonly string[];
}

const indexFormat = '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)|$(CREATED_BY)';

/** Picks Debian's own archive from `apt-get indextargets` output in our format; security and updates are other labels or suites. */
export const pickMirror = (indexTargets: string): string | undefined => {
  for (const line of indexTargets.split('\n')) {
    const [origin, label, component, uri] = line.split('|');
    if (origin === 'Debian' && label === 'Debian' && component === 'main' && uri?.startsWith('http'))
      return uri.replace(/\/$/, '');
  }
  return undefined;
};

const carried = /^Acquire::(?:https?::Proxy\S*|https?::Timeout|Retries|Check-Valid-Until|Check-Date) ".*";$/;

/** The lines of `apt-config dump` without which this machine's mirror would be refused or not be reached. */
export const pickAptOptions = (dump: string): readonly string[] =>
  dump.split('\n').filter((line) => carried.test(line));

/** Reads the mirror from the machine's own apt. Faults: `mirror-unknown`, `program-failed`. */
export const machineMirror = async (): Promise<Result<Mirror>> => {
  const targets = await runChecked(['apt-get', 'indextargets', '--format', indexFormat]);
  if (!targets.ok) return targets;
  let uri = pickMirror(targets.value.stdout);
  if (uri === undefined) {
    // Origin and label are known only after the first update.
    const update = await runChecked(['apt-get', 'update', '-q'], { timeoutMs: 300_000 });
    if (!update.ok) return update;
    const again = await runChecked(['apt-get', 'indextargets', '--format', indexFormat]);
    uri = again.ok ? pickMirror(again.value.stdout) : undefined;
  }
  if (uri === undefined) {
    return fail(
      'mirror-unknown',
      'apt on this machine knows no Debian archive',
      'add Debian main to /etc/apt/sources.list',
    );
  }
  const dump = await runChecked(['apt-config', 'dump']);
  return dump.ok ? ok({ uri, aptOptions: pickAptOptions(dump.value.stdout) }) : dump;
};
