import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { fail } from '../core/result.ts';
import { xivoOriginal } from '../profiles/xivo/original.ts';
import { type CheckLook, conclude } from './check-decision.ts';
import { checkMasterStatus, gatewayIn } from './check-status.ts';
import { commandByName } from './commands.ts';
import { withSystemPath } from './ground.ts';
import { createTestMachine, reached, type TestMachine, unreached } from './testing/machine.ts';

const MAIN = '192.168.1.10';
const GATEWAY = 'fping -r 2 -B 1 -t 500 -- 192.168.1.254';
const PACE = { echoes: 2, everyMs: 100, sipMs: 300 };

const machineOf = (t: TestContext, serving: boolean): TestMachine => {
  const machine = createTestMachine(xivoOriginal, serving);
  t.after(machine.remove);
  if (!serving) machine.write(xivoOriginal.disabledFlag, '');
  machine.answerByCall.set('ip neigh', { stdout: '192.168.1.254 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n' });
  return machine;
};

const active = (machine: TestMachine): boolean => machine.unitByName.get('asterisk.service')?.active === true;

describe('what is concluded', () => {
  const base: CheckLook = {
    roleChanged: false,
    echo: 'silent',
    ownNetwork: 'well',
    servesHere: false,
    mainSip: 'not-asked',
  };
  const table: readonly (readonly [string, Partial<CheckLook>, 'start' | 'stop' | 'leave'])[] = [
    ['the main is silent and the gateway is there', {}, 'start'],
    ['the main is silent and nothing else can be asked', { ownNetwork: 'unknown' }, 'start'],
    ['the main and the gateway are silent: this node is the one cut off', { ownNetwork: 'cut-off' }, 'leave'],
    ['the network of this node is down', { echo: 'own-trouble' }, 'leave'],
    ['the main answers', { echo: 'answered' }, 'stop'],
    [
      'the main answers echo only, and this node serves: it is booting',
      { echo: 'answered', servesHere: true, mainSip: 'silent' },
      'leave',
    ],
    ['the main answers SIP, and this node serves', { echo: 'answered', servesHere: true, mainSip: 'answers' }, 'stop'],
    ['the role was changed meanwhile', { roleChanged: true }, 'leave'],
    ['the role was changed meanwhile, the main up', { roleChanged: true, echo: 'answered' }, 'leave'],
  ];
  for (const [name, part, what] of table) test(name, () => assert.equal(conclude({ ...base, ...part }).what, what));
});

test('a silent main: this node starts', async (t) => {
  const machine = machineOf(t, false);
  machine.answerByCall.set(`fping -r 1 -B 1 -t 100 -- ${MAIN}`, unreached);
  assert.equal(await checkMasterStatus(machine.ground, MAIN, { pace: PACE }), 0);
  assert.ok(active(machine));
});

test('a main that is up: a healthy standby looks and runs nothing that changes anything (the original: 53 commands)', async (t) => {
  const machine = machineOf(t, false);
  machine.answerByCall.set('fping', reached);
  assert.equal(await checkMasterStatus(machine.ground, MAIN, { pace: PACE }), 0);
  assert.deepEqual(machine.changes(), []);
  assert.ok(machine.calls.length <= 3, machine.calls.join('\n'));
});

test('its own network down starts nothing, in whatever way it shows', async (t) => {
  const ways = [
    { exitCode: 1, stdout: '', stderr: `${MAIN}: sendto: Network is unreachable` },
    { exitCode: 4, stdout: '', stderr: 'socket: out of buffers' },
    { exitCode: 2, stdout: '', stderr: '' },
    'hangs',
  ] as const;
  for (const answer of ways) {
    const machine = machineOf(t, false);
    machine.answerByCall.set('fping', answer);
    assert.equal(await checkMasterStatus(machine.ground, MAIN, { pace: PACE }), 0);
    assert.ok(!active(machine), JSON.stringify(answer));
  }
});

test('without fping it says so, with 1, and starts nothing', async (t) => {
  const machine = machineOf(t, false);
  machine.answerByCall.set('fping', 'missing');
  assert.equal(await checkMasterStatus(machine.ground, MAIN, { pace: PACE }), 1);
  assert.ok(!active(machine));
  assert.match(machine.said.join(), /fping is not installed/);
});

test('main and gateway silent: cut off, unless the gateway answers on the wire only', async (t) => {
  for (const [state, starts] of [
    ['FAILED', false],
    ['INCOMPLETE', false],
    ['REACHABLE', true],
    ['STALE', true],
  ] as const) {
    const machine = machineOf(t, false);
    machine.answerByCall.set('ip neigh', { stdout: `192.168.1.254 dev eth0 ${state}\n` });
    machine.answerByCall.set('fping', unreached);
    await checkMasterStatus(machine.ground, MAIN, { pace: PACE });
    assert.ok(machine.calls.includes(GATEWAY));
    assert.equal(active(machine), starts, state);
  }
});

test('while this node serves, the main must answer SIP before it is handed back to', async (t) => {
  const machine = machineOf(t, true);
  machine.answerByCall.set('fping', reached);
  const sip = createSocket('udp4');
  t.after(() => sip.close());
  sip.bind(0, '127.0.0.1');
  await once(sip, 'listening');
  const options = { pace: PACE, sipPort: sip.address().port };
  await checkMasterStatus(machine.ground, '127.0.0.1', options);
  assert.ok(active(machine), 'a kernel that answers echo long before its Asterisk');
  sip.on('message', (data, from) => {
    const lines = data.toString().split('\r\n');
    const kept = lines.filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
    sip.send(['SIP/2.0 200 OK', ...kept, 'Content-Length: 0', '', ''].join('\r\n'), from.port, from.address);
  });
  await checkMasterStatus(machine.ground, '127.0.0.1', { ...options, pace: { ...PACE, sipMs: 60_000 } });
  assert.ok(!active(machine));
});

test('a node whose role was changed while it looked is left alone', async (t) => {
  const machine = machineOf(t, false);
  const sentinel = xivoOriginal.sentinels.standby;
  machine.write(sentinel, '');
  const { run } = machine.ground;
  const ground: TestMachine['ground'] = {
    ...machine.ground,
    run: async (argv, options) => {
      if (argv[0] === 'fping') {
        rmSync(machine.root + sentinel, { force: true });
        return { ok: true, value: { endedBy: null, stderr: '', tookMs: 1, ...unreached } };
      }
      return run(argv, options);
    },
  };
  assert.equal(await checkMasterStatus(ground, MAIN, { pace: PACE }), 0);
  assert.ok(!active(machine));
  assert.match(machine.said.join(), /no standby any more/);
});

test('arguments: an address and nothing else; usage and 1 otherwise', async (t) => {
  for (const args of [[], ['pbx1.example.org'], [MAIN, 'x'], ['-f']]) {
    const machine = machineOf(t, false);
    assert.equal(await commandByName['xivo-check-master-status']?.(machine.ground, args), 1);
    assert.match(machine.said.join(), /^usage: /);
    assert.deepEqual(machine.calls, []);
  }
});

test('given its own address, or on the main, it says so and stops nothing', async (t) => {
  for (const address of ['192.168.1.11', '127.0.0.1', MAIN]) {
    const machine = machineOf(t, true);
    machine.write(
      '/etc/xivo/ha.conf',
      `{"node_type": "${address === MAIN ? 'master' : 'slave'}", "remote_address": "${MAIN}"}`,
    );
    machine.answerByCall.set('fping', reached);
    assert.equal(await commandByName['xivo-check-master-status']?.(machine.ground, [address]), 1);
    assert.match(machine.said.join(), address === MAIN ? /this node is the main/ : /is an address of this machine/);
    assert.deepEqual(machine.calls, []);
    assert.ok(active(machine));
  }
});

test('called by cron, whose path has no sbin, it finds what lies there', async () => {
  const paths: unknown[] = [];
  const start = withSystemPath(async (_argv, { env }) => {
    paths.push(env?.['PATH']);
    return fail('program-missing', '-', '-');
  }, '/usr/bin:/bin');
  await start(['xivo-create-config'], { timeoutMs: 1 });
  assert.match(String(paths[0]), /^\/usr\/bin:\/bin:.*\/usr\/sbin/);
  await start(['x'], { timeoutMs: 1, env: { PATH: '/given' } });
  assert.equal(paths[1], '/given');
});

test('where an agent lives it decides: nothing is looked at, nothing done, 3', async (t) => {
  const machine = machineOf(t, false);
  machine.agent = 'answers';
  assert.equal(await commandByName['xivo-check-master-status']?.(machine.ground, [MAIN]), 3);
  assert.deepEqual(machine.calls, []);
});

test('of two copies at once one does nothing, with 4', async (t) => {
  const machine = machineOf(t, false);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { run } = machine.ground;
  const ground: TestMachine['ground'] = {
    ...machine.ground,
    run: async (argv, options) => {
      begun.resolve();
      await go.promise;
      return run(argv, options);
    },
  };
  machine.answerByCall.set('fping', reached);
  const first = commandByName['xivo-check-master-status']?.(ground, [MAIN]);
  await begun.promise;
  assert.equal(await commandByName['xivo-check-master-status']?.(ground, [MAIN]), 4);
  assert.equal(await commandByName['xivo-manage-slave-services']?.(ground, ['start']), 4, 'the same services');
  go.resolve();
  assert.equal(await first, 0);
});

test('the gateway is read from the kernel', () => {
  assert.equal(
    gatewayIn('Iface Destination Gateway\neth0 0001A8C0 00000000\neth0 00000000 FE01A8C0\n'),
    '192.168.1.254',
  );
  assert.equal(gatewayIn('Iface Destination Gateway\neth0 0001A8C0 00000000\n'), null);
  assert.equal(gatewayIn(''), null);
});
