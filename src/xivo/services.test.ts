import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { wazoOriginal } from '../profiles/wazo/original.ts';
import { type Original, xivoOriginal } from '../profiles/xivo/original.ts';
import { commandByName } from './commands.ts';
import { createTestMachine, type TestMachine } from './testing/machine.ts';

const manage = (machine: TestMachine, ...args: readonly string[]) =>
  commandByName['xivo-manage-slave-services']?.(machine.ground, args);

const machineOf = (t: TestContext, original: Original, serving: boolean): TestMachine => {
  const machine = createTestMachine(original, serving);
  t.after(machine.remove);
  return machine;
};

for (const original of [xivoOriginal, wazoOriginal]) {
  const flagged = (machine: TestMachine): boolean => existsSync(machine.root + original.disabledFlag);

  describe(`xivo-manage-slave-services (${original.era})`, () => {
    test('start: telephony first, nothing that asks the Internet at all, monit and agents last', async (t) => {
      const machine = machineOf(t, original, false);
      machine.write(original.disabledFlag, '');
      assert.equal(await manage(machine, 'start'), 0);
      const done = machine.changes();
      const at = (text: string): number => done.findIndex((call) => call.startsWith(text));
      const before = done.slice(0, at('systemctl start asterisk.service'));
      assert.deepEqual(
        before,
        original.beforeTelephony.map(({ argv }) => argv.join(' ')),
      );
      assert.ok(
        at('systemctl start asterisk') < at('dhcpd-update') && at('dhcpd-update') < at('systemctl start isc-dhcp'),
      );
      assert.ok(!done.some((call) => / -d/.test(call)), 'the list of MAC prefixes is not downloaded');
      assert.deepEqual(done.slice(-2), ['systemctl start monit.service', original.relogAgents.argv.join(' ')]);
      assert.ok([...machine.unitByName.values()].every(({ active }) => active));
      assert.ok(machine.unitByName.get('monit.service')?.enabled && !flagged(machine));
    });

    test('stop: the flag, monit, then the reverse order, DHCP; nothing starts by itself any more', async (t) => {
      const machine = machineOf(t, original, true);
      assert.equal(await manage(machine, 'stop'), 0);
      const stopped = machine.changes().filter((call) => call.startsWith('systemctl stop'));
      const reverse = original.services.filter((name) => name !== 'monit.service').toReversed();
      assert.deepEqual(
        stopped,
        ['monit.service', ...reverse, original.dhcp].map((name) => `systemctl stop ${name}`),
      );
      assert.ok([...machine.unitByName.values()].every(({ active }) => !active) && flagged(machine));
      assert.equal(machine.unitByName.get('monit.service')?.enabled, false);
      assert.equal(machine.unitByName.get(original.dhcp)?.enabled, false);
      await machine.ground.run(['systemctl', 'start', 'asterisk.service'], { timeoutMs: 1 });
      assert.equal(machine.unitByName.get('asterisk.service')?.active, false, 'a reboot or an upgrade starts nothing');
    });

    test('what is so already costs one look and changes nothing, each minute', async (t) => {
      const machine = machineOf(t, original, true);
      assert.equal(await manage(machine, 'start'), 0);
      machine.write(original.disabledFlag, '');
      for (const unit of machine.unitByName.values()) Object.assign(unit, { active: false, enabled: false });
      assert.equal(await manage(machine, 'stop'), 0);
      assert.deepEqual(machine.changes(), []);
      assert.equal(machine.calls.length, 2);
    });

    test('one service that failed is started alone: no relogin of agents, no DHCP, no download', async (t) => {
      const machine = machineOf(t, original, true);
      const optional = original.services.at(-2) ?? '';
      machine.unitByName.set(optional, { active: false, enabled: true });
      assert.equal(await manage(machine, 'start'), 0);
      assert.deepEqual(machine.changes(), [`systemctl start ${optional}`]);
    });
  });
}

test('a service that does not start keeps no other from starting; without Asterisk the exit code says so', async (t) => {
  const machine = machineOf(t, xivoOriginal, false);
  machine.answerByCall.set('systemctl start xivo-agid', { exitCode: 1, stderr: 'Job failed.' });
  machine.answerByCall.set('xivo-create-config', 'hangs');
  machine.answerByCall.set('xivo-agentctl', 'missing');
  assert.equal(await manage(machine, 'start'), 0);
  assert.ok(
    machine.unitByName.get('isc-dhcp-server.service')?.active && machine.unitByName.get('monit.service')?.active,
  );
  assert.ok(machine.said.some((line) => /! systemctl start xivo-agid.service ended with 1: Job failed/.test(line)));
  const mute = machineOf(t, xivoOriginal, false);
  mute.answerByCall.set('systemctl start asterisk', 'hangs');
  assert.equal(await manage(mute, 'start'), 1);
  assert.ok(mute.unitByName.get('monit.service')?.active, 'monit may bring it up yet');
});

test('without Asterisk nothing is started, and it says so with 1', async (t) => {
  const machine = machineOf(t, xivoOriginal, false);
  machine.write(xivoOriginal.disabledFlag, '');
  machine.unitByName.delete('asterisk.service');
  assert.equal(await manage(machine, 'start'), 1);
  assert.deepEqual(machine.changes(), []);
  assert.ok(existsSync(machine.root + xivoOriginal.disabledFlag));
  assert.match(machine.said.join(), /asterisk\.service is not installed here/);
});

test('no firewall rule is made, so that none can be left behind', async (t) => {
  const machine = machineOf(t, wazoOriginal, true);
  await manage(machine, 'stop');
  await manage(machine, 'start');
  assert.ok(!machine.calls.some((call) => /iptables|nft/.test(call)));
});

test('any other argument: usage, and 1 instead of the original’s 0', async (t) => {
  for (const args of [[], ['restart'], ['start', 'now']]) {
    const machine = machineOf(t, xivoOriginal, false);
    assert.equal(await manage(machine, ...args), 1);
    assert.match(machine.said.join(), /^usage: /);
    assert.deepEqual(machine.calls, []);
  }
});

test('where an agent lives the services are its own: nothing is done, and 3', async (t) => {
  for (const agent of ['answers', 'configured'] as const) {
    for (const what of ['start', 'stop']) {
      const machine = machineOf(t, xivoOriginal, what === 'stop');
      machine.agent = agent;
      assert.equal(await manage(machine, what), 3);
      assert.deepEqual(machine.calls, []);
      assert.match(machine.said.join(), /agent of Dualtone .*nothing is done/);
    }
  }
});
