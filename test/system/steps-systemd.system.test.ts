import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Host } from '../../lab/hosts/host.ts';
import { createLab, type Lab } from '../../lab/lab.ts';
import type { StepDirection } from '../../src/core/effect.ts';
import type { Result } from '../../src/core/result.ts';
import type { StepOutcome } from '../../src/ports.ts';
import { bootScript } from '../../src/steps/gate/boot-script.ts';
import type { GateSettings } from '../../src/steps/gate/rules.ts';

/** Steps on a host with a real systemd. */

const skip = process.getuid?.() === 0 ? false : 'needs root';

const value = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message}`);
  return result.value;
};

let lab: Lab;
let host: Host;

const drive = async (
  kind: 'service' | 'hook',
  options: object,
  direction: StepDirection,
): Promise<StepOutcome & { preview: string }> => {
  const driver = '/opt/dualtone/test/system/step-driver.ts';
  const ran = value(
    await host.execChecked(['node', driver, kind, JSON.stringify(options), direction], { timeoutMs: 60_000 }),
  );
  return JSON.parse(ran.stdout) as StepOutcome & { preview: string };
};

const isActive = async (unit: string): Promise<boolean> =>
  value(await host.exec(['systemctl', 'is-active', unit])).stdout === 'active\n';

const bell = {
  service: { kind: 'unit', unit: 'bell.service' },
  alwaysRuns: false,
  timeoutMs: 5000,
  runDir: '/run/dualtone',
};

const gateUnit = new URL('../../examples/systemd/dualtone-gate.service', import.meta.url);
const gateSettings: GateSettings = {
  slots: 16,
  sipPorts: [5060],
  iaxPort: 4569,
  mediaPorts: '10000-20000',
  virtualAddresses: ['10.99.0.10'],
  probedAddresses: [],
  forwarded: false,
  refuserPort: null,
};

const unitFile = `[Unit]
Description=A service that is slow to stop when told so
[Service]
ExecStart=/bin/sh -c 'trap "test -e /run/stubborn || exit 0" TERM; while :; do sleep 0.1; done'
TimeoutStopSec=60
Restart=always
[Install]
WantedBy=multi-user.target
`;

before(async () => {
  if (skip !== false) return;
  lab = value(await createLab({ topology: { hosts: [{ name: 'main', kind: 'system', octet: 2 }] } }));
  host = lab.host('main');
  value(await host.write('/etc/systemd/system/bell.service', unitFile));
  value(await host.enableUnit('bell.service'));
  value(await host.write('/etc/systemd/system/dualtone-gate.service', readFileSync(gateUnit, 'utf8')));
  value(await host.enableUnit('dualtone-gate.service'));
  value(await host.write('/var/lib/dualtone/gate.nft', bootScript(gateSettings)));
  value(await lab.boot());
});

after(async () => {
  if (skip === false) value(await lab.down());
});

test('a cold unit is stopped, stays so through an attempt to start it and through a boot, and comes with the activation', {
  skip,
}, async () => {
  assert.equal(await isActive('bell.service'), true, 'enabled, so it came up with the host');
  const stopped = await drive('service', bell, 'passivate');
  assert.deepEqual([stopped.outcome, stopped.changed], ['done', true], stopped.detail);
  assert.match(
    stopped.preview,
    /systemctl stop bell.service; start forbidden by \/etc\/systemd\/system\/bell.service.d\/50-dualtone.conf/,
  );
  value(await host.exec(['systemctl', 'start', 'bell.service']));
  assert.equal(await isActive('bell.service'), false, 'somebody else cannot start it');
  value(await host.powerOff());
  value(await host.boot());
  assert.equal(await isActive('bell.service'), false, 'it did not come up at boot');
  assert.equal(
    value(await host.exec(['systemctl', 'is-system-running', '--wait'])).stdout,
    'running\n',
    'and nothing failed for that',
  );
  const started = await drive('service', bell, 'activate');
  assert.deepEqual([started.outcome, started.changed], ['done', true], started.detail);
  assert.equal(await isActive('bell.service'), true);
  const again = await drive('service', bell, 'activate');
  assert.deepEqual([again.outcome, again.changed], ['done', false], again.detail);
  value(await host.powerOff());
  value(await host.boot());
  assert.equal(await isActive('bell.service'), false, 'the right to serve does not outlive a boot');
});

test('a unit that does not stop is killed within the deadline; restarted it runs anew', { skip }, async () => {
  assert.equal((await drive('service', bell, 'activate')).outcome, 'done');
  const pid = value(await host.pidOf('bell.service'));
  value(await host.execChecked(['touch', '/run/stubborn']));
  const restarted = await drive('service', bell, 'restart');
  assert.equal(restarted.outcome, 'done', restarted.detail);
  assert.notEqual(value(await host.pidOf('bell.service')), pid);
  const startedAt = performance.now();
  const stopped = await drive('service', bell, 'passivate');
  assert.equal(stopped.outcome, 'done', stopped.detail);
  assert.ok(performance.now() - startedAt < 30_000, 'the unit itself would have 60 s');
  assert.equal(await isActive('bell.service'), false);
});

test('a unit that is not there fails with what to do', { skip }, async () => {
  const result = await drive('service', { ...bell, service: { kind: 'unit', unit: 'nowhere.service' } }, 'activate');
  assert.equal(result.outcome, 'failed');
  assert.match(result.detail, /nowhere.service is not-found/);
});

test('a hook that hangs is ended at its deadline with what it started; others end as they say', { skip }, async () => {
  const argv = ['/bin/sh', '-c', 'sleep 987 & sleep 654'];
  const hook = { name: 'hang', argv, when: 'both', timeoutMs: 1500, role: 'main' };
  const result = await drive('hook', hook, 'activate');
  assert.equal(result.outcome, 'unknown', result.detail);
  assert.equal(value(await host.exec(['pgrep', '-f', 'sleep (987|654)'])).stdout, '');
  const checks = 'test $DUALTONE_ROLE-$DUALTONE_EPOCH-$DUALTONE_DIRECTION = main-7-passivate';
  const fine = await drive('hook', { ...hook, argv: ['/bin/sh', '-c', checks] }, 'passivate');
  assert.equal(fine.outcome, 'done', fine.detail);
  const bad = await drive('hook', { ...hook, argv: ['/bin/sh', '-c', 'echo no line free >&2; exit 4'] }, 'activate');
  assert.equal(bad.detail, 'hook hang ended with 4: no line free');
});

test('at boot the gate is closed before anything else, by systemd and nft alone', { skip }, async () => {
  const rules = value(await host.execChecked(['nft', 'list', 'table', 'inet', 'dualtone'])).stdout;
  assert.match(rules, /hook input priority raw/);
  assert.match(rules, /counter packets \d+ bytes \d+ drop/);
  const order = value(await host.execChecked(['systemctl', 'show', '-p', 'After', 'network-pre.target'])).stdout;
  assert.match(order, /dualtone-gate.service/);
  value(await host.execChecked(['nft', 'flush', 'ruleset']));
  value(await host.execChecked(['systemctl', 'reload', 'dualtone-gate.service']));
  value(await host.execChecked(['nft', 'list', 'table', 'arp', 'dualtone']));
});
