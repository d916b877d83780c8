/** The wires from devices to the power of lab hosts: an order is a file, which is gone when it is done. */
import { type FSWatcher, watch } from 'node:fs';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Role } from '../../src/core/words.ts';
import type { Lab } from '../lab.ts';
import { roles } from '../topology.ts';
import { powerFolder } from './places.ts';

export interface Wires {
  readonly stop: () => Promise<void>;
}

const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

/** A host that boots is on long before it is up: the order is done when it has begun. */
const turn = async (lab: Lab, role: Role, to: 'off' | 'on', booting: Set<Promise<unknown>>): Promise<void> => {
  const host = lab.host(role);
  if (to === 'off') {
    await host.powerOff();
    return;
  }
  if (await host.isOn()) return;
  const boot = host.boot();
  booting.add(boot);
  void boot.finally(() => booting.delete(boot));
};

/** Orders are carried out by this process, for as long as it lives. */
export const layWires = (lab: Lab): Wires => {
  const folder = powerFolder(lab.runId);
  const booting = new Set<Promise<unknown>>();
  const obey = async (role: Role, name: string): Promise<void> => {
    const file = join(folder, name);
    // One order is told of twice: as it comes and as it goes.
    if (!(await isThere(file))) return;
    await turn(lab, role, name.endsWith('.off') ? 'off' : 'on', booting);
    await rm(file, { force: true });
  };
  let doing: Promise<unknown> = Promise.resolve();
  const after = async (before: Promise<unknown>, role: Role, name: string): Promise<void> => {
    await before;
    await obey(role, name);
  };
  const watcher: FSWatcher = watch(folder, (_kind, name) => {
    const role = roles.find((each) => name === `${each}.off` || name === `${each}.on`);
    if (role !== undefined && name !== null) doing = after(doing, role, name);
  });
  return {
    stop: async () => {
      watcher.close();
      await doing;
      await Promise.all(booting);
    },
  };
};
