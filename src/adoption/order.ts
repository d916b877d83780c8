/** A person's order that the next start of the agent goes on with what serves: a file on tmpfs, for this boot, a short time, and one start. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { type Instant, isRecord, type Millis } from '../core/words.ts';
import { writeWholeSync } from '../files/whole.ts';

/** The agent is started in the same breath; a later start is another one's. */
export const ORDER_VALID_MS: Millis = 30_000;

const pathOf = (runDir: string): string => join(runDir, 'adopt.json');

/** Fault: `adopt-order-not-written`. `now`: CLOCK_MONOTONIC. */
export const giveOrder = (runDir: string, bootId: string, now: Instant): Result<void> => {
  try {
    writeWholeSync(pathOf(runDir), JSON.stringify({ bootId, until: now + ORDER_VALID_MS }), {
      mode: 0o600,
      isDurable: false,
      folderMode: 0o700,
    });
    return ok(undefined);
  } catch (error) {
    return fail(
      'adopt-order-not-written',
      `What the agent is to know of its first start could not be written to ${pathOf(runDir)}: ${messageOf(error)}.`,
      'See to the run directory, and begin again.',
    );
  }
};

/** Nobody is to follow it any more. */
export const withdrawOrder = (runDir: string): void => rmSync(pathOf(runDir), { force: true });

const stale = (why: string) =>
  fail(
    'adopt-order-stale',
    `There was an order to go on with what serves here, and ${why}.`,
    'Nothing is to be done: this start begins as every other.',
  );

const holds = (text: string, bootId: string, now: Instant): Result<void> => {
  const order: unknown = JSON.parse(text);
  const until = isRecord(order) ? order['until'] : null;
  if (!isRecord(order) || order['bootId'] !== bootId || typeof until !== 'number')
    return stale('it is not of this boot');
  // Nobody may have written one for longer.
  return now < until && until <= now + ORDER_VALID_MS ? ok(undefined) : stale('its time is over');
};

/** Takes the order away, so that no other start follows it. Null: there is none. Faults: `adopt-order-stale`, `adopt-order-odd`. */
export const takeOrder = (runDir: string, bootId: string, now: Instant): Result<void> | null => {
  const path = pathOf(runDir);
  try {
    const text = readFileSync(path, 'utf8');
    // Where it cannot be taken away it is not followed.
    rmSync(path);
    return holds(text, bootId, now);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return fail(
      'adopt-order-odd',
      `The order to go on with what serves here is unusable: ${messageOf(error)}.`,
      `Remove ${path}; this start begins as every other.`,
    );
  }
};
