import { setTimeout as sleep } from 'node:timers/promises';
import { installPbx } from '../../lab/asterisk/configuration.ts';
import type { PbxPlan } from '../../lab/asterisk/plan.ts';
import { createLab, type Lab } from '../../lab/lab.ts';
import { createPair, type Pair } from '../../lab/pair/pair.ts';
import { usualSetup } from '../../lab/pair/setup.ts';
import { monotonicMs } from '../../lab/phones/clock.ts';
import { askerName, type Observers, startObservers } from '../../lab/scenarios/observers.ts';
import { roles, standardTopology } from '../../lab/topology.ts';
import { agentUnit, checkpointUnit, gateUnit } from '../../lab/units.ts';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Role } from '../../src/core/words.ts';

/** A lab on which one system after the other is put, and everybody who watches. */
export interface Ground {
  readonly lab: Lab;
  readonly pbx: PbxPlan;
  readonly observers: Observers;
  /** How many registrations of telephones a node's Asterisk knows. */
  readonly contactCount: Pair['contactCount'];
  readonly close: () => Promise<Result<void>>;
}

const endpoints = 20;

/** Builds the lab; the nodes stay dark until a system is installed. Faults: those of the parts. */
export const openGround = async (signal: AbortSignal, log: (text: string) => void): Promise<Result<Ground>> => {
  const created = await createLab({ topology: standardTopology({ witnesses: true }), tree: 'rivals', log });
  if (!created.ok) return created;
  const lab = created.value;
  const pbx: PbxPlan = {
    virtualAddress: lab.virtual.v4,
    providerAddress: lab.host('provider').address.v4,
    endpoints,
    seed: lab.runId,
  };
  const booted = await lab.boot(['phones', 'provider', 'eye-main', 'eye-standby']);
  const observers = booted.ok ? await startObservers({ lab, pbx, signal }) : booted;
  if (!observers.ok) {
    await lab.down();
    return observers;
  }
  const close = async (): Promise<Result<void>> => {
    await observers.value.stop();
    return await lab.down();
  };
  const { contactCount } = createPair(lab, pbx, usualSetup);
  return ok({ lab, pbx, observers: observers.value, contactCount, close });
};

/** The units that make a system; at most those of one system start at boot. */
const systemUnits = [
  agentUnit,
  // Dualtone's closed gate would keep others from serving.
  gateUnit,
  'keepalived.service',
  'cron.service',
  'bench-address.service',
  'corosync.service',
  'corosync-qdevice.service',
  'pacemaker.service',
] as const;

/** The same on the third machine. */
const thirdUnits = [checkpointUnit, 'corosync-qnetd.service'] as const;
const third = 'checkpoint1';

/** A file of a node. */
export interface NodeFile {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
  readonly owner?: string;
}

/** The third machine, where a system has one. */
export interface ThirdPlan {
  readonly files: readonly NodeFile[];
  /** Of what the third machine can have, those that start at boot. */
  readonly units: readonly string[];
}

export interface NodePlan {
  readonly files: readonly NodeFile[];
  /** Of `systemUnits`, those that start at boot. */
  readonly units: readonly string[];
  readonly startsAsterisk: boolean;
}

const bootDropIn = (unit: string): string => `/etc/systemd/system/multi-user.target.d/lab-${unit}.conf`;

/** Keeps every system from starting at the next boot. */
export const forbidSystems = async ({ lab }: Ground): Promise<Result<void>> => {
  for (const role of roles) {
    for (const unit of systemUnits) {
      const written = await lab.host(role).write(bootDropIn(unit), '');
      if (!written.ok) return written;
    }
  }
  for (const unit of thirdUnits) {
    const written = await lab.host(third).write(bootDropIn(unit), '');
    if (!written.ok) return written;
  }
  return ok(undefined);
};

const writeNode = async (ground: Ground, role: Role, plan: NodePlan): Promise<Result<void>> => {
  const { lab, pbx } = ground;
  const host = lab.host(role);
  const installed = await installPbx(host, { ...pbx, nodeName: role }, { startAtBoot: plan.startsAsterisk });
  if (!installed.ok) return installed;
  if (!plan.startsAsterisk) {
    const silent = await host.write(bootDropIn('asterisk.service'), '');
    if (!silent.ok) return silent;
  }
  return await furnish(ground, role, plan);
};

const furnish = async ({ lab }: Ground, name: string, plan: ThirdPlan): Promise<Result<void>> => {
  const host = lab.host(name);
  for (const { path, text, mode, owner } of plan.files) {
    const written = await host.write(path, text, { mode: mode ?? 0o644, ...(owner === undefined ? {} : { owner }) });
    if (!written.ok) return written;
  }
  for (const unit of plan.units) {
    const enabled = await host.enableUnit(unit);
    if (!enabled.ok) return enabled;
  }
  return ok(undefined);
};

/** Switches all off, writes what a system needs on their disks, and boots the nodes; the third machine stays dark where it has no plan. */
export const installNodes = async (
  ground: Ground,
  planByRole: Readonly<Record<Role, NodePlan>>,
  thirdPlan?: ThirdPlan,
): Promise<Result<void>> => {
  const { lab } = ground;
  for (const name of [...roles, third]) {
    const off = await lab.host(name).powerOff();
    if (!off.ok) return off;
  }
  const forbidden = await forbidSystems(ground);
  if (!forbidden.ok) return forbidden;
  for (const role of roles) {
    const written = await writeNode(ground, role, planByRole[role]);
    if (!written.ok) return written;
  }
  if (thirdPlan === undefined) return await lab.boot(roles);
  const furnished = await furnish(ground, third, thirdPlan);
  if (!furnished.ok) return furnished;
  // Whoever arbitrates is there before those who ask.
  const booted = await lab.boot([third]);
  return booted.ok ? await lab.boot(roles) : booted;
};

/** Boots the nodes that are off, and starts units where they were stopped. */
export const revive = async (
  { lab }: Ground,
  unitsByRole: Readonly<Record<Role, readonly string[]>>,
): Promise<Result<void>> => {
  const booted: Result<void>[] = await Promise.all(
    roles.map(async (role): Promise<Result<void>> => {
      const host = lab.host(role);
      if (!(await host.isOn())) {
        const up = await host.boot();
        if (!up.ok) return up;
      }
      if (unitsByRole[role].length === 0) return ok(undefined);
      const started = await host.execChecked(['systemctl', 'start', ...unitsByRole[role]]);
      return started.ok ? ok(undefined) : started;
    }),
  );
  return booted.find((each) => !each.ok) ?? ok(undefined);
};

/** Whether a node's interface has the virtual address. */
export const hasAddress = async ({ lab }: Ground, role: Role): Promise<boolean> => {
  const shown = await lab.host(role).exec(['ip', '-4', '-o', 'address', 'show', 'dev', 'eth0']);
  return shown.ok && shown.value.stdout.includes(` ${lab.virtual.v4}/`);
};

/** Whether a unit of a node is up. */
export const isActive = async ({ lab }: Ground, role: Role, unit: string): Promise<boolean> => {
  const asked = await lab.host(role).exec(['systemctl', 'is-active', '--quiet', unit]);
  return asked.ok && asked.value.code === 0;
};

const quietMs = 400;

/** What telephones and witnesses lack: the main alone answers, and nothing was lost for a moment. */
const missingOutside = async ({ observers }: Ground): Promise<readonly string[]> => {
  const untilMs = monotonicMs();
  const [serving, report] = await Promise.all([
    observers.serving(100),
    observers.phones.ask('probeReport', { name: askerName, sinceMs: untilMs - quietMs, untilMs }),
  ]);
  if (!serving.ok) return [serving.error.message];
  if (!report.ok) return [report.error.message];
  const missing: string[] = [];
  if (serving.value !== 'main') missing.push(`${serving.value} serves`);
  if (report.value.lost > 0 || report.value.asked === 0) missing.push('the telephones lose questions');
  return missing;
};

/** Waits until a system is at its start, as itself and, once telephones ask, the observers see it. Fault: `system-unready`. */
export const whenAtStart = async (
  ground: Ground,
  missing: () => Promise<readonly string[]>,
  withinMs: number,
  isAsked = true,
): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const inside = await missing();
    const found = inside.length > 0 || !isAsked ? inside : await missingOutside(ground);
    if (found.length === 0) return ok(undefined);
    if (monotonicMs() > deadlineMs) {
      return fail('system-unready', `the system did not come to its start: ${found.join('; ')}`, 'see its log');
    }
    await sleep(60);
  }
};

/** So long are registrations good for a run that begins now. */
const registeredForMs = 120_000;
const astDb = '/var/lib/asterisk/astdb.sqlite3';

/** All telephones are known to the main, and, where a system does not share them, to nobody else: as after hours of service. */
export const settleRegistrations = async (ground: Ground, areShared: boolean): Promise<Result<void>> => {
  const { lab, pbx, observers } = ground;
  const known = await ground.contactCount('main');
  if (!known.ok) return known;
  const isStale = monotonicMs() > observers.registeredAtMs() + registeredForMs;
  const begun = known.value < pbx.endpoints || isStale ? await observers.begin() : ok(undefined);
  if (!begun.ok || areShared) return begun;
  const standby = lab.host('standby');
  const runs = await standby.exec(['pgrep', '-x', 'asterisk']);
  if (!runs.ok) return runs;
  const forgotten =
    runs.value.code === 0
      ? await standby.exec(['asterisk', '-rx', 'database deltree registrar/contact'])
      : await standby.exec(['rm', '-f', astDb]);
  return forgotten.ok ? ok(undefined) : forgotten;
};

/** How many of a hundred telephones need not register again: known to the node that serves them, and not because they did. */
export const registrationsKept = async (
  { contactCount, observers, pbx }: Ground,
  role: Role,
  sinceMs: number,
): Promise<number | null> => {
  const [known, counts] = await Promise.all([
    contactCount(role),
    observers.phones.ask('counts', { sinceMs, untilMs: monotonicMs() }),
  ]);
  if (!known.ok || !counts.ok) return null;
  const kept = Math.min(known.value, pbx.endpoints) - counts.value['registration-begun'];
  return Math.max(0, Math.round((100 * kept) / pbx.endpoints));
};
