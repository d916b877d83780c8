import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Result } from '../src/core/result.ts';
import { scenarioOf } from './catalogue/catalogue.ts';
import { usualSetup } from './pair/setup.ts';
import { runLine } from './scenarios/print.ts';
import { runScenario } from './scenarios/run.ts';
import { openStage, type Stage } from './scenarios/stage.ts';

/** The scenarios that every `npm test` runs, once each, on one lab; all of them: `npm run test:lab`. */
const subset = [
  'power-loss',
  'asterisk-crash',
  'isolation',
  'switchover',
  'standby-power-loss',
  'lone-boot-main',
  'drill-takeover',
];

const value = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message}`);
  return result.value;
};

const abort = new AbortController();
let stage: Stage | undefined;

before(async () => {
  stage = value(await openStage({ endpoints: 20, needs: {}, first: usualSetup, signal: abort.signal }));
});

after(async () => {
  const closed = await stage?.close();
  abort.abort();
  // Nothing is left mounted or running.
  if (closed !== undefined) value(closed);
});

for (const name of subset) {
  test(`${name}: ${value(scenarioOf(name)).text}`, { timeout: 60_000 }, async () => {
    assert.ok(stage !== undefined);
    const report = value(await runScenario(stage, value(scenarioOf(name)), 1));
    assert.ok(report.ok, `\n${runLine(report)}`);
  });
}
