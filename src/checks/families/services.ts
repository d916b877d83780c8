/** Checks of services: there, and not started by anybody else; and of other programs that would decide the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runsAlways, type ServiceConfig, serviceName } from '../../config/config.ts';
import { ok, type Result } from '../../core/result.ts';
import { type Around, readSystemFile } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed, unknown } from '../check.ts';

export interface UnitState {
  /** `loaded`, `not-found`, `masked`, `error`. */
  readonly load: string;
  /** `enabled`, `disabled`, `static`, `masked`, … */
  readonly file: string;
  readonly active: string;
  readonly dropIns: readonly string[];
}

const PROPERTIES = ['LoadState', 'UnitFileState', 'ActiveState', 'DropInPaths'] as const;

/** Faults: those of `LookAtUnits`. */
export const unitState = async (
  { units }: Pick<Around, 'units'>,
  unit: string,
  signal: AbortSignal,
): Promise<Result<UnitState>> => {
  const looked = await units([unit], PROPERTIES, { timeoutMs: 5000, signal });
  if (!looked.ok) return looked;
  const [valueByName] = looked.value;
  return ok({
    load: valueByName?.get('LoadState') ?? '',
    file: valueByName?.get('UnitFileState') ?? '',
    active: valueByName?.get('ActiveState') ?? '',
    dropIns: (valueByName?.get('DropInPaths') ?? '').split(' ').filter((path) => path !== ''),
  });
};

type UnitService = Extract<ServiceConfig, { readonly unit: string }>;

const unitsOf = ({ config }: Around): readonly UnitService[] =>
  config.services.filter((service): service is UnitService => 'unit' in service);

const present: Definition = {
  id: 'services-present',
  about: 'Every service of the plan is installed and may be started.',
  severity: 'critical',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Install what is named, unmask it (`systemctl unmask`), or take it out of `services`.',
  try: async (around, signal) => {
    const units = unitsOf(around);
    if (units.length === 0) return notApplicable('no systemd unit is among the services');
    const troubles: string[] = [];
    for (const { unit } of units) {
      const state = await unitState(around, unit, signal);
      if (!state.ok) return unknown(state.error.message);
      if (state.value.load !== 'loaded') troubles.push(`${unit} is ${state.value.load}`);
    }
    return troubles.length === 0 ? passed(`${units.length} units are there`) : failed(troubles.join(', '));
  },
};

const GUARD = '50-dualtone.conf';

const notFighting: Definition = {
  id: 'services-passive-at-boot',
  about: 'No service that runs on the active node only starts by itself at a boot.',
  severity: 'critical',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Restart the agent, which writes a guard for the unit (50-dualtone.conf), or `systemctl disable` it.',
  try: async (around, signal) => {
    const guarded = unitsOf(around).filter((service) => !runsAlways(service, around.config.telephony));
    if (guarded.length === 0) return notApplicable('all services run on both nodes');
    const troubles: string[] = [];
    for (const { unit } of guarded) {
      const state = await unitState(around, unit, signal);
      if (!state.ok) return unknown(state.error.message);
      const { load, file, dropIns } = state.value;
      const startsItself = load === 'loaded' && file.startsWith('enabled');
      if (startsItself && !dropIns.some((path) => path.endsWith(`/${GUARD}`))) troubles.push(unit);
    }
    if (troubles.length > 0)
      return failed(`${troubles.join(', ')} would start at a boot of this node, also when it is passive`);
    return passed(`${guarded.map(serviceName).join(', ')} wait for the agent`);
  },
};

const agentUnit: Definition = {
  id: 'agent-at-boot',
  about: 'The agent starts by itself after a boot.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Copy examples/systemd/dualtone.service to /etc/systemd/system/, then `systemctl enable --now dualtone`.',
  try: async (around, signal) => {
    const state = await unitState(around, 'dualtone.service', signal);
    if (!state.ok) return unknown(state.error.message);
    if (state.value.load !== 'loaded') return failed('there is no dualtone.service');
    return state.value.file.startsWith('enabled')
      ? passed('dualtone.service is enabled')
      : failed(`dualtone.service is ${state.value.file}`);
  },
};

/** Names of programs, as the kernel cuts them to 15 letters, that move addresses or services by themselves. */
const RIVALS = ['keepalived', 'pacemakerd', 'corosync', 'heartbeat', 'ucarp', 'vrrpd', 'haast'];

/** Where the scripts that Dualtone replaces are called from: XiVO's own files, and root's crontab in the scheme of REMSYS. */
const CRON_FILES = [
  ...['xivo-ha-master', 'xivo-ha-slave', 'wazo-ha-master', 'wazo-ha-slave'].map((name) => `etc/cron.d/${name}`),
  'etc/crontab',
  'var/spool/cron/crontabs/root',
];

/** A line that is not commented out calls one of them. */
const OLD_SCRIPTS =
  /^\s*[^#\s].*(?:\b(?:xivo|wazo)-(?:check-master-status|manage-slave-services|master-slave-db-replication)\b|\bcheck_voip\.sh\b)/m;

/** Names of all running programs, from /proc. */
const runningPrograms = (root: string): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const entry of readdirSync(join(root, 'proc'))) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      names.add(readFileSync(join(root, 'proc', entry, 'comm'), 'utf8').trim());
    } catch {
      // It has ended meanwhile.
    }
  }
  return names;
};

const noRival: Definition = {
  id: 'no-rival-program',
  about: 'No other program of this machine moves addresses or services by itself.',
  severity: 'critical',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Stop and disable what is named: two programs that decide the same undo what the other did.',
  try: async (around) => {
    const running = runningPrograms(around.root);
    const programs = RIVALS.filter((name) => running.has(name)).map((name) => `${name} runs`);
    const crons = CRON_FILES.filter((path) => {
      const text = readSystemFile(around, path);
      return text !== null && OLD_SCRIPTS.test(text);
    }).map((path) => `/${path} is active`);
    const found = [...programs, ...crons];
    return found.length === 0 ? passed('none runs') : failed(found.join(', '));
  },
};

export const serviceChecks: readonly Definition[] = [present, notFighting, agentUnit, noRival];
