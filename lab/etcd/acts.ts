/** What is done to the cluster as a whole in a scenario: who leads, a backup, its return, the epoch that it has. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { monotonicMs } from '../phones/clock.ts';
import { type MemberName, memberNames } from '../topology.ts';
import { backupPath, ctl, etcdUnit, restoreProgram } from './member-files.ts';
import { clientUrl, prefix } from './places.ts';

export type EtcdAct =
  /** This member leads from now on. */
  | { readonly name: 'lead'; readonly member: MemberName }
  /** All history is compacted up to now, and every member defragmented. */
  | { readonly name: 'compact' }
  | { readonly name: 'back-up' }
  /** As etcd's handbook has it: all members stopped, the backup in the place of their data, all started. */
  | { readonly name: 'restore' }
  /** What the pair's value has as its highest epoch is kept in mind. */
  | { readonly name: 'note-epoch' }
  /** It is above the noted one by now; else the run fails. */
  | { readonly name: 'epoch-is-higher' }
  /** It is below the noted one: what was put back is old. Else the run fails. */
  | { readonly name: 'epoch-is-lower' };

const withinMs = 20_000;

const asked = async (host: Host, at: string | null, argv: readonly string[]): Promise<Result<string>> => {
  const done = await host.execChecked([...(at === null ? [] : ['env', `AT=${at}`]), ctl, ...argv]);
  return done.ok ? ok(done.value.stdout) : done;
};

interface Status {
  readonly member: bigint;
  readonly leader: bigint;
  readonly revision: string;
}

/** Numbers of 64 bits: read as text. */
const statusOf = async (lab: Lab, name: MemberName): Promise<Result<Status>> => {
  const told = await asked(lab.host(name), clientUrl(lab, name), ['endpoint', 'status', '-w', 'json']);
  if (!told.ok) return told;
  const number = (key: string): string => new RegExp(`"${key}":(\\d+)`).exec(told.value)?.[1] ?? '0';
  return ok({ member: BigInt(number('member_id')), leader: BigInt(number('leader')), revision: number('revision') });
};

const until = async (what: string, holds: () => Promise<Result<boolean>>): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const now = await holds();
    if (now.ok && now.value) return ok(undefined);
    if (monotonicMs() > deadlineMs)
      return now.ok ? fail('etcd-not-so', `${what} within ${withinMs} ms`, 'see the journals of the members') : now;
    await sleep(50);
  }
};

const lead = async (lab: Lab, name: MemberName): Promise<Result<void>> => {
  const own = await statusOf(lab, name);
  if (!own.ok) return own;
  const leads = (status: Status): boolean => status.leader === status.member;
  if (leads(own.value)) return ok(undefined);
  for (const other of memberNames) {
    const status = await statusOf(lab, other);
    if (!status.ok || !leads(status.value)) continue;
    const moved = await asked(lab.host(other), clientUrl(lab, other), ['move-leader', own.value.member.toString(16)]);
    if (!moved.ok) return moved;
    return await until(`${name} was to lead`, async () => {
      const now = await statusOf(lab, name);
      return now.ok ? ok(leads(now.value)) : now;
    });
  }
  return fail('etcd-not-so', 'no member leads', 'see the journals of the members');
};

const compact = async (lab: Lab): Promise<Result<void>> => {
  const status = await statusOf(lab, 'etcd1');
  if (!status.ok) return status;
  const host = lab.host('etcd1');
  const compacted = await asked(host, null, ['compact', status.value.revision, '--physical']);
  const defragmented = compacted.ok ? await asked(host, null, ['defrag']) : compacted;
  return defragmented.ok ? ok(undefined) : defragmented;
};

const onAll = async (lab: Lab, act: (host: Host) => Promise<Result<unknown>>): Promise<Result<void>> => {
  const results = await Promise.all(memberNames.map(async (name) => await act(lab.host(name))));
  const failed = results.find((result) => !result.ok);
  return failed === undefined || failed.ok ? ok(undefined) : failed;
};

/** Of one member; the others get the same file. */
const backUp = async (lab: Lab): Promise<Result<void>> => {
  const first = lab.host('etcd1');
  const saved = await asked(first, clientUrl(lab, 'etcd1'), ['snapshot', 'save', backupPath]);
  if (!saved.ok) return saved;
  const read = await first.execChecked(['base64', '--wrap=0', backupPath], { maxOutputBytes: 64 * 1024 * 1024 });
  if (!read.ok) return read;
  const bytes = Buffer.from(read.value.stdout, 'base64');
  return await onAll(lab, async (host) => await host.write(backupPath, bytes, { mode: 0o600 }));
};

const restore = async (lab: Lab): Promise<Result<void>> => {
  const stopped = await onAll(lab, async (host) => await host.execChecked(['systemctl', 'stop', etcdUnit]));
  if (!stopped.ok) return stopped;
  const put = await onAll(lab, async (host) => await host.execChecked([restoreProgram]));
  if (!put.ok) return put;
  // Each is up only when it has met another.
  const started = await onAll(lab, async (host) => await host.execChecked(['systemctl', 'start', etcdUnit]));
  if (!started.ok) return started;
  return await until('the cluster was to be well', async () => {
    const well = await lab.host('etcd1').exec([ctl, 'endpoint', 'health']);
    return well.ok ? ok(well.value.code === 0) : well;
  });
};

const epochOf = async (lab: Lab): Promise<Result<number>> => {
  const told = await asked(lab.host('etcd1'), null, ['get', `${prefix}/right`, '--print-value-only']);
  if (!told.ok) return told;
  const epoch = /"highest":(\d+)/.exec(told.value)?.[1];
  return epoch === undefined
    ? fail('etcd-not-so', `the pair has no value in etcd: ${told.value.slice(0, 200)}`, 'see the journals of the nodes')
    : ok(Number(epoch));
};

/** What a run keeps in mind of the cluster. */
export interface EtcdMemory {
  /** The pair's highest epoch, when it was last noted. */
  epoch?: number;
}

const comparedWithNoted = async (lab: Lab, memory: EtcdMemory, wanted: 'higher' | 'lower'): Promise<Result<void>> => {
  const now = await epochOf(lab);
  if (!now.ok) return now;
  const noted = memory.epoch ?? 0;
  return (wanted === 'higher' ? now.value > noted : now.value < noted)
    ? ok(undefined)
    : fail(
        'etcd-epoch',
        `the epoch in etcd is ${now.value}, ${wanted} than ${noted} was expected`,
        'see the journals of both nodes',
      );
};

export const performEtcd = async (lab: Lab, act: EtcdAct, memory: EtcdMemory): Promise<Result<void>> => {
  switch (act.name) {
    case 'lead':
      return await lead(lab, act.member);
    case 'compact':
      return await compact(lab);
    case 'back-up':
      return await backUp(lab);
    case 'restore':
      return await restore(lab);
    case 'note-epoch': {
      const epoch = await epochOf(lab);
      if (!epoch.ok) return epoch;
      memory.epoch = epoch.value;
      return ok(undefined);
    }
    case 'epoch-is-higher':
      return await comparedWithNoted(lab, memory, 'higher');
    case 'epoch-is-lower':
      return await comparedWithNoted(lab, memory, 'lower');
  }
};
