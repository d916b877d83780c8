import assert from 'node:assert/strict';
import type { FamilyRules } from '../families.ts';
import { createAstDbStream } from '../stream.ts';
import { createAsterisk, createCable, createTime, everything } from './pair.ts';

export const options = { pollMs: 200, compareMs: 30_000 };

export const contact = (name: string): string => `registrar/contact/${name};@x`;

/** Two nodes with a cable between them; the main serves once they begin. */
export const setUp = (tells = true, [ours, theirs]: readonly [FamilyRules, FamilyRules] = [everything, everything]) => {
  const time = createTime();
  const cable = createCable();
  const [a, b] = [createAsterisk(ours, tells), createAsterisk(theirs, tells)];
  const main = createAstDbStream(options, a.base, cable.ends[0], time.clock);
  const standby = createAstDbStream(options, b.base, cable.ends[1], time.clock);
  const begin = (): void => {
    main.start();
    standby.start();
    main.setRight({ holding: 2, highest: 2 });
    standby.setRight({ holding: 0, highest: 2 });
  };
  const stop = async (): Promise<void> => {
    await Promise.all([main.stop(), standby.stop()]);
    assert.equal(time.waiting(), 0, 'no timer is left');
  };
  return { ...time, cable, a, b, main, standby, begin, stop };
};
