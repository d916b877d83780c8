import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configWith, fakeRun, find, told } from '../testing/around.ts';
import { fencingChecks } from './fencing.ts';

const config = configWith(
  'fencing: { levels: [{ devices: [{ name: bmc, agent: fence_ipmilan, options: [ip=10.0.0.5, lanplsu=1] }] }] }\n',
);
const XML = `<resource-agent name="fence_ipmilan" shortdesc="x"><parameters>
<parameter name="ip" required="1"><content type="string" /></parameter>
<parameter name="lanplus" required="0"><content type="boolean" /></parameter>
</parameters><actions><action name="off" /><action name="status" /></actions></resource-agent>`;

/** An agent that answers each action with an exit code and words. */
const agent = (status: number, words = '') =>
  fakeRun((argv, input) => {
    assert.equal(argv.at(-1), 'fence_ipmilan');
    assert.ok(!/action=(off|on|reboot)/.test(input), 'a check switches nothing');
    return input.includes('action=metadata') ? { out: XML } : { exit: status, err: words };
  });

test('fence-parameters-known names a slip by the words of the agent itself', async () => {
  const said = told(await find(fencingChecks, 'fence-parameters-known', { config, run: agent(0) }));
  assert.equal(said, 'fail: bmc: fence_ipmilan knows no parameter lanplsu; is it lanplus?');
});

test('fence-devices-answer reads the power and nothing else; who refuses is told', async () => {
  const said = async (status: number, words?: string): Promise<string> =>
    told(await find(fencingChecks, 'fence-devices-answer', { config, run: agent(status, words) }));
  assert.equal(await said(0), 'pass: bmc says on');
  assert.match(await said(1, 'Unable to establish session'), /^fail: bmc could not be asked "status": Unable to/);
});

test('a device that says off of a node that is heard is wrong', async () => {
  const heard = told(await find(fencingChecks, 'fence-devices-answer', { config, run: agent(2) }));
  assert.match(heard, /^fail: bmc says that pbx2 is off, and it is heard/);
  const unheard = told(await find(fencingChecks, 'fence-devices-answer', { config, run: agent(2), facts: null }));
  assert.equal(unheard, 'pass: bmc says off');
});

test('where no device is configured there is nothing to check', async () => {
  for (const { id } of fencingChecks) assert.match(told(await find(fencingChecks, id)), /^not-applicable/);
});
