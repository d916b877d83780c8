/** What makes a paired machine start by itself: units, a value of the kernel, and what `disable` has to clear away. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../changes/change.ts';

export interface SystemPlaces {
  readonly unitDir: string;
  /** Where packages put their units: one that is there is used as it is. */
  readonly packagedDirs: readonly string[];
  readonly sysctlDir: string;
  /** The folder of the program, with `bin/dualtone` and `examples/`. */
  readonly programDir: string;
}

export const usualSystem = (programDir: string): SystemPlaces => ({
  unitDir: '/etc/systemd/system',
  packagedDirs: ['/usr/lib/systemd/system', '/lib/systemd/system'],
  sysctlDir: '/etc/sysctl.d',
  programDir,
});

const SHIPPED_DIR = '/opt/dualtone';
const RELOAD = ['systemctl', 'daemon-reload'] as const;

const plainFile = (path: string, text: string, after: readonly string[] | null): Change => ({
  kind: 'file',
  path,
  text,
  mode: 0o644,
  secret: false,
  after,
  like: null,
});

/** The shipped unit, with the place of this program. */
const unitFile = ({ unitDir, packagedDirs, programDir }: SystemPlaces, unit: string): readonly Change[] => {
  if (packagedDirs.some((folder) => existsSync(join(folder, unit)))) return [];
  const shipped = readFileSync(join(programDir, 'examples', 'systemd', unit), 'utf8');
  return [plainFile(join(unitDir, unit), shipped.replaceAll(SHIPPED_DIR, programDir), RELOAD)];
};

/** Whether the kernel lets Asterisk bind an address that is not there yet. */
const bindChanges = ({ sysctlDir, programDir }: SystemPlaces): readonly Change[] => {
  const text = readFileSync(join(programDir, 'examples', 'sysctl', '60-dualtone.conf'), 'utf8');
  const keys = text.split('\n').flatMap((line) => /^([a-z0-9._]+) = (\S+)$/.exec(line)?.slice(1) ?? []);
  const values: Change[] = [];
  for (let at = 0; at + 1 < keys.length; at += 2) {
    const [key = '', value = ''] = keys.slice(at, at + 2);
    // A kernel without IPv6 has no such value.
    if (existsSync(`/proc/sys/${key.replaceAll('.', '/')}`)) values.push({ kind: 'sysctl', key, value });
  }
  return [plainFile(join(sysctlDir, '60-dualtone.conf'), text, null), ...values];
};

/** The kernel’s tables outlive the agent on purpose; only `disable` removes them. */
const gateRemainders: readonly Change[] = ['inet', 'arp'].map((family) => ({
  kind: 'remainder',
  name: `the gate in the kernel (${family})`,
  remove: ['nft', 'delete', 'table', family, 'dualtone'],
}));

/** A node: the gate at boot, then the agent. `isWarm`: Asterisk runs beside a virtual IP that is not there. */
export const nodeSystem = (
  places: SystemPlaces,
  isWarm: boolean,
  start: 'start' | 'restart' | 'leave',
): readonly Change[] => [
  ...unitFile(places, 'dualtone-gate.service'),
  ...unitFile(places, 'dualtone.service'),
  ...(isWarm ? bindChanges(places) : []),
  ...gateRemainders,
  { kind: 'unit', unit: 'dualtone-gate.service', start: 'leave' },
  { kind: 'unit', unit: 'dualtone.service', start },
];

export const checkpointSystem = (places: SystemPlaces, start: 'start' | 'restart' | 'leave'): readonly Change[] => [
  ...unitFile(places, 'dualtone-checkpoint.service'),
  { kind: 'unit', unit: 'dualtone-checkpoint.service', start },
];
