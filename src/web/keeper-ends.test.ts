import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openWorld } from './keeper/testing/world.ts';

const childOf = (parent: number): number => {
  const found = readdirSync('/proc').filter((each) => {
    try {
      return (
        /^\d+$/.test(each) &&
        readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(parent)
      );
    } catch {
      return false;
    }
  });
  return Number(found[0]);
};

test('the keeper ends with its server, so that the agent can begin both again', { timeout: 120_000 }, async () => {
  const world = await openWorld();
  const ended = once(world.keeper(), 'exit');
  process.kill(childOf(world.keeper().pid ?? 0), 'SIGKILL');
  const [code] = (await ended) as [number];
  assert.notEqual(code, 0);
  await world.close();
});

test('the server ends with its keeper, also when that is killed', { timeout: 120_000 }, async () => {
  const world = await openWorld();
  const server = childOf(world.keeper().pid ?? 0);
  const ended = once(world.keeper(), 'exit');
  world.keeper().kill('SIGKILL');
  await ended;
  // Gone, or about to: it has nothing to wait for.
  execFileSync('timeout', ['30', 'tail', `--pid=${server}`, '-f', '/dev/null']);
  await world.close();
});
