import { rm, writeFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { slowDiskUnit } from '../etcd/member-files.ts';
import { type DeviceMood, moodFile } from '../fencing/places.ts';
import type { Lab } from '../lab.ts';
import type { Direction } from '../network/rules.ts';
import { moodPath } from '../remsys/far-files.ts';
import { giveCoreBack, takeCore } from './core-taken.ts';
import { setDeaf } from './deaf.ts';
import { emptyFolder, fillFolder, giveSmallDisk, type SmallDisk, takeSmallDisk } from './small-disk.ts';

/** What can go wrong in a lab, as data. */
export type LabFault =
  | { readonly kind: 'power-loss'; readonly host: string }
  | { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly oneWay?: boolean }
  | { readonly kind: 'isolation'; readonly host: string; readonly direction?: Direction }
  | { readonly kind: 'link-down'; readonly host: string }
  | { readonly kind: 'gateway-silent' }
  | {
      readonly kind: 'loss';
      readonly from: string;
      readonly to: string;
      readonly percent: number;
      readonly oneWay?: boolean;
    }
  | { readonly kind: 'slow-link'; readonly host: string; readonly kbitPerSecond: number; readonly queueMs: number }
  | { readonly kind: 'crash'; readonly host: string; readonly unit: string }
  | { readonly kind: 'hang'; readonly host: string; readonly unit: string }
  | { readonly kind: 'deaf'; readonly host: string }
  | { readonly kind: 'core-taken'; readonly host: string; readonly unit: string }
  | { readonly kind: 'unit-frozen'; readonly host: string; readonly unit: string }
  | { readonly kind: 'host-frozen'; readonly host: string }
  | { readonly kind: 'disk-full'; readonly host: string }
  /** No fault yet: a folder with a disk of its own, which `folder-full` fills. */
  | ({ readonly kind: 'small-disk'; readonly host: string } & SmallDisk)
  | { readonly kind: 'folder-full'; readonly host: string; readonly folder: string }
  /** A checkpoint of two sites that is asked by NRPE lies, flatters, is slow, hangs, or cannot tell. */
  | { readonly kind: 'mood'; readonly host: string; readonly mood: 'lies' | 'flatters' | 'slow' | 'hangs' | 'ignorant' }
  /** A device that has a node's power takes orders and leaves it as it is; `says-off`: and lies of it. */
  | { readonly kind: 'device-mood'; readonly host: string; readonly mood: DeviceMood }
  /** Each write of a member's etcd to its disk takes so much longer. */
  | { readonly kind: 'slow-disk'; readonly host: string; readonly delayMs: number }
  | { readonly kind: 'clock-step'; readonly host: string; readonly unit: string; readonly offsetSeconds: number };

export type FaultKind = LabFault['kind'];

/** Ends the fault; what needs no ending (a crash) does nothing. After a power loss it boots the host again. */
export type Mend = () => Promise<Result<void>>;

interface Act {
  readonly inject: () => Promise<Result<unknown>>;
  readonly mend: () => Promise<Result<unknown>>;
}

const nothing = async (): Promise<Result<void>> => ok(undefined);

const done = (action: () => Promise<void>) => async (): Promise<Result<void>> => {
  await action();
  return ok(undefined);
};

const actByKind: { readonly [Kind in FaultKind]: (lab: Lab, fault: Extract<LabFault, { kind: Kind }>) => Act } = {
  'power-loss': (lab, { host }) => ({ inject: lab.host(host).powerOff, mend: async () => await lab.host(host).boot() }),
  cut: ({ network }, fault) => ({
    inject: async () => await network.cut(fault.from, fault.to, { oneWay: fault.oneWay === true }),
    mend: async () => await network.mendCut(fault.from, fault.to, { oneWay: fault.oneWay === true }),
  }),
  isolation: ({ network }, { host, direction }) => ({
    inject: async () => await network.isolate(host, direction),
    mend: async () => await network.rejoin(host, direction),
  }),
  'link-down': ({ network }, { host }) => ({
    inject: async () => await network.setLink(host, false),
    mend: async () => await network.setLink(host, true),
  }),
  'gateway-silent': ({ network }) => ({
    inject: async () => await network.setGateway(false),
    mend: async () => await network.setGateway(true),
  }),
  loss: ({ network }, fault) => ({
    inject: async () => await network.lose(fault.from, fault.to, fault.percent, { oneWay: fault.oneWay === true }),
    mend: async () => await network.lose(fault.from, fault.to, 0, { oneWay: fault.oneWay === true }),
  }),
  'slow-link': ({ network }, { host, kbitPerSecond, queueMs }) => ({
    inject: async () => await network.setRate(host, { kbitPerSecond, queueMs }),
    mend: async () => await network.setRate(host, undefined),
  }),
  crash: (lab, { host, unit }) => ({
    inject: async () => await lab.host(host).signalUnit(unit, 'SIGKILL'),
    mend: nothing,
  }),
  hang: (lab, { host, unit }) => ({
    inject: async () => await lab.host(host).signalUnit(unit, 'SIGSTOP'),
    mend: async () => await lab.host(host).signalUnit(unit, 'SIGCONT'),
  }),
  'core-taken': (lab, { host, unit }) => ({
    inject: async () => await takeCore(lab.host(host), unit),
    mend: async () => await giveCoreBack(lab.host(host), unit),
  }),
  deaf: (lab, { host }) => ({
    inject: async () => await setDeaf(lab.host(host), true),
    mend: async () => await setDeaf(lab.host(host), false),
  }),
  'unit-frozen': (lab, { host, unit }) => ({
    inject: async () => await lab.host(host).freezeUnit(unit),
    mend: async () => await lab.host(host).thawUnit(unit),
  }),
  'host-frozen': (lab, { host }) => ({ inject: lab.host(host).freezeAll, mend: lab.host(host).thawAll }),
  'disk-full': (lab, { host }) => ({
    inject: lab.host(host).fillStateDisk,
    mend: done(async () => await lab.host(host).emptyStateDisk()),
  }),
  'small-disk': (lab, { host, ...disk }) => ({
    inject: async () => await giveSmallDisk(lab.host(host), disk),
    mend: async () => await takeSmallDisk(lab.host(host), disk),
  }),
  'folder-full': (lab, { host, folder }) => ({
    inject: async () => await fillFolder(lab.host(host), folder),
    mend: async () => await emptyFolder(lab.host(host), folder),
  }),
  mood: (lab, { host, mood }) => ({
    inject: async () => await lab.host(host).write(moodPath, mood),
    mend: async () => await lab.host(host).execChecked(['rm', '-f', moodPath]),
  }),
  'device-mood': (lab, { host, mood }) => ({
    inject: done(async () => await writeFile(moodFile(lab.runId, host), mood)),
    mend: done(async () => await rm(moodFile(lab.runId, host), { force: true })),
  }),
  'slow-disk': (lab, { host, delayMs }) => ({
    inject: async () => await lab.host(host).execChecked(['systemctl', 'start', slowDiskUnit(delayMs)]),
    mend: async () => await lab.host(host).execChecked(['systemctl', 'stop', slowDiskUnit(delayMs)]),
  }),
  'clock-step': (lab, { host, unit, offsetSeconds }) => ({
    inject: done(async () => await lab.host(host).setClock(unit, offsetSeconds)),
    mend: done(async () => await lab.host(host).setClock(unit, 0)),
  }),
};

const actFor = <Kind extends FaultKind>(lab: Lab, fault: Extract<LabFault, { kind: Kind }>): Act =>
  actByKind[fault.kind](lab, fault);

/** Does it, and returns what ends it. Faults: those of the host or network that it is done to, `host-unknown`. */
export const inject = async (lab: Lab, fault: LabFault): Promise<Result<Mend>> => {
  const named = 'host' in fault ? [fault.host] : 'from' in fault ? [fault.from, fault.to] : [];
  const stranger = named.find((name) => !lab.hostByName.has(name));
  if (stranger !== undefined) {
    return fail('host-unknown', `this lab has no host ${stranger}`, `it has ${[...lab.hostByName.keys()].join(', ')}`);
  }
  const act = actFor(lab, fault);
  const result = await act.inject();
  if (!result.ok) return result;
  return ok(async () => {
    const mended = await act.mend();
    return mended.ok ? ok(undefined) : mended;
  });
};
