import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Result } from '../src/core/result.ts';
import { installPbx } from './asterisk/configuration.ts';
import { inject } from './faults/fault.ts';
import type { Host } from './hosts/host.ts';
import { createLab, type Lab, labStatus, openLab } from './lab.ts';
import { plainEnvironment } from './process.ts';
import { remainsOf, tearDown, tearDownLeftovers } from './teardown.ts';
import { standardTopology } from './topology.ts';

const value = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message}`);
  return result.value;
};

/**
 * Whether one host has an answer from another: at once for a no; within 3 s for a yes, since a kernel whose question for a link
 * address was lost asks again only after a second.
 */
const reaches = async (from: Host, to: string): Promise<boolean> => await pings(from, to, 3000);
const isCutOff = async (from: Host, to: string): Promise<boolean> => !(await pings(from, to, 200));

const pings = async (from: Host, to: string, waitMs: number): Promise<boolean> =>
  value(await from.exec(['fping', '-q', '-c1', `-t${waitMs}`, to])).code === 0;

/** How many pings have reached a host's kernel since it booted. */
const echoesHeard = async (host: Host): Promise<number> => {
  const shown = value(await host.execChecked(['nstat', '-asz', 'IcmpInEchos'])).stdout;
  return Number(/^IcmpInEchos\s+(\d+)/m.exec(shown)?.[1]);
};

const bootIdOf = async (host: Host): Promise<string> => value(await host.read('/proc/sys/kernel/random/boot_id'));

let lab: Lab;
let main: Host;
let standby: Host;
let phones: Host;

before(async () => {
  lab = value(await createLab({ topology: standardTopology({ checkpoints: 0, stateDiskMib: 4 }) }));
  [main, standby, phones] = [lab.host('main'), lab.host('standby'), lab.host('phones')];
  value(await main.installClock('lab-clock-probe'));
  value(await lab.boot());
});

after(async () => {
  value(await lab.down());
  assert.deepEqual(await remainsOf(lab.runId), []);
});

test('a host is a Debian with a systemd that has nothing to complain about', async () => {
  assert.equal(value(await main.exec(['systemctl', 'is-system-running'])).stdout, 'running\n');
  assert.equal(value(await main.exec(['ps', '-p', '1', '-o', 'comm='])).stdout, 'systemd\n');
  assert.match(value(await main.execChecked(['asterisk', '-V'])).stdout, /^Asterisk (22|16)\./);
  assert.match(value(await main.execChecked(['node', '--version'])).stdout, /^v24\./);
  assert.equal(value(await main.read('/proc/sys/net/ipv4/ip_nonlocal_bind')), '1\n');
  assert.notEqual(value(await main.exec(['touch', '/opt/dualtone/x'])).code, 0);
});

test('hosts reach each other by IPv4 and IPv6', async () => {
  for (const to of [main.address.v4, main.address.v6, lab.gateway.v4, lab.gateway.v6])
    assert.ok(await reaches(standby, to), to);
});

test('a cut, one way or both, takes only what it names', async () => {
  const mend = value(await inject(lab, { kind: 'cut', from: 'main', to: 'standby' }));
  assert.ok(await isCutOff(standby, main.address.v4));
  assert.ok(await reaches(phones, main.address.v4));
  value(await mend());
  assert.ok(await reaches(standby, main.address.v4));
  const mendOneWay = value(await inject(lab, { kind: 'cut', from: 'main', to: 'standby', oneWay: true }));
  const asked = await echoesHeard(main);
  assert.ok(await isCutOff(standby, main.address.v4), 'the answer is lost');
  assert.equal(await echoesHeard(main), asked + 1, 'the question is not');
  value(await mendOneWay());
  value(await inject(lab, { kind: 'isolation', host: 'main' }));
  assert.ok(await isCutOff(main, lab.gateway.v4));
  assert.ok(await reaches(standby, lab.gateway.v4));
  value(await lab.network.mend());
  assert.ok(await reaches(main, lab.gateway.v4));
});

test('a link that is down is seen by the host; a silent gateway is silent', async () => {
  const mend = value(await inject(lab, { kind: 'link-down', host: 'main' }));
  assert.equal(value(await main.read('/sys/class/net/eth0/carrier')), '0\n');
  value(await mend());
  const mendGateway = value(await inject(lab, { kind: 'gateway-silent' }));
  assert.ok(await isCutOff(main, lab.gateway.v4));
  value(await mendGateway());
  assert.ok(await reaches(main, lab.gateway.v4));
});

test('after a loss of power the disk is there, and the boot is another', async () => {
  value(await main.write('/etc/kept', 'on disk', { mode: 0o600 }));
  value(await main.write('/run/lost', 'in memory'));
  value(await main.write('/var/lib/dualtone/epoch', '7'));
  value(await main.execChecked(['nft', 'add', 'table', 'inet', 'of-before']));
  const bootId = await bootIdOf(main);
  const mend = value(await inject(lab, { kind: 'power-loss', host: 'main' }));
  assert.ok(await isCutOff(phones, main.address.v4));
  const off = await main.exec(['true']);
  assert.ok(!off.ok && off.error.code === 'host-off');
  value(await main.write('/etc/while-off', 'put on the disk'));
  value(await mend());
  assert.notEqual(await bootIdOf(main), bootId);
  for (const [path, text] of [
    ['/etc/kept', 'on disk'],
    ['/etc/while-off', 'put on the disk'],
    ['/var/lib/dualtone/epoch', '7'],
  ] as const) {
    assert.equal(value(await main.read(path)), text);
  }
  assert.equal((await main.read('/run/lost')).ok, false);
  assert.equal(value(await main.exec(['nft', 'list', 'ruleset'])).stdout, '');
  assert.ok(await reaches(phones, main.address.v4));
});

test('a full state disk takes nothing more, and the rest of the host lives', async () => {
  const mend = value(await inject(lab, { kind: 'disk-full', host: 'main' }));
  const write = ['dd', 'if=/dev/zero', 'of=/var/lib/dualtone/more', 'bs=64k', 'count=1'];
  const refused = value(await main.exec(write));
  assert.match(refused.stderr, /No space left/);
  value(await main.write('/etc/elsewhere', 'x'));
  value(await mend());
  assert.equal(value(await main.exec(write)).code, 0);
});

test('a frozen host answers pings and does nothing', async () => {
  const mend = value(await inject(lab, { kind: 'host-frozen', host: 'standby' }));
  assert.ok(await reaches(phones, standby.address.v4));
  const stuck = await standby.exec(['true'], { timeoutMs: 300 });
  assert.ok(!stuck.ok && stuck.error.code === 'program-timeout');
  value(await mend());
  assert.equal(value(await standby.exec(['true'])).code, 0);
});

test('a stepped clock is seen by one unit only', async () => {
  const dateOf = async (): Promise<number> => {
    value(await main.execChecked(['systemctl', 'start', 'lab-clock-probe']));
    return Number(value(await main.read('/run/date')));
  };
  value(
    await main.write(
      '/etc/systemd/system/lab-clock-probe.service',
      '[Service]\nType=oneshot\nExecStart=/bin/date +%%s\nStandardOutput=truncate:/run/date\n',
    ),
  );
  value(await main.execChecked(['systemctl', 'daemon-reload']));
  const truthS = (): number => Date.now() / 1000;
  assert.ok(Math.abs((await dateOf()) - truthS()) < 5);
  const mend = value(
    await inject(lab, { kind: 'clock-step', host: 'main', unit: 'lab-clock-probe', offsetSeconds: -3600 }),
  );
  assert.ok(Math.abs((await dateOf()) + 3600 - truthS()) < 5);
  assert.ok(Math.abs(Number(value(await main.exec(['date', '+%s'])).stdout) - truthS()) < 5);
  value(await mend());
  assert.ok(Math.abs((await dateOf()) - truthS()) < 5);
});

/** Asks with OPTIONS from the phones' network, up to `attempts` times; the status line of the first answer, or undefined. */
const askOptions = async (to: string, attempts: number): Promise<string | undefined> => {
  const program = join(import.meta.dirname, 'faults', 'ask-options.ts');
  const asked = value(await phones.exec([process.execPath, program, phones.address.v4, to, String(attempts)]));
  return asked.stdout.trim() === '' ? undefined : asked.stdout.trim();
};

test('a warm Asterisk is mute until its address arrives, deaf when told, and comes back from a crash', async () => {
  const plan = {
    virtualAddress: lab.virtual.v4,
    providerAddress: lab.host('provider').address.v4,
    endpoints: 20,
    seed: lab.runId,
  };
  value(await installPbx(standby, plan));
  value(await standby.execChecked(['systemctl', 'start', 'asterisk']));
  const shown = value(await standby.execChecked(['asterisk', '-rx', 'pjsip show endpoints'])).stdout;
  assert.match(shown, /Objects found: 22/);
  assert.equal(await askOptions(lab.virtual.v4, 5), undefined);
  value(await standby.execChecked(['ip', 'address', 'add', `${lab.virtual.v4}/32`, 'dev', 'eth0']));
  assert.match((await askOptions(lab.virtual.v4, 50)) ?? '', /^SIP\/2\.0 \d+/);
  const hear = value(await inject(lab, { kind: 'deaf', host: 'standby' }));
  assert.equal(await askOptions(lab.virtual.v4, 5), undefined);
  value(await hear());
  assert.match((await askOptions(lab.virtual.v4, 50)) ?? '', /^SIP/);
  const go = value(await inject(lab, { kind: 'hang', host: 'standby', unit: 'asterisk' }));
  assert.equal(await askOptions(lab.virtual.v4, 5), undefined);
  value(await go());
  const before = value(await standby.pidOf('asterisk'));
  value(await inject(lab, { kind: 'crash', host: 'standby', unit: 'asterisk' }));
  // The unit restarts it by itself after a second.
  assert.match((await askOptions(lab.virtual.v4, 1000)) ?? '', /^SIP/);
  assert.notEqual(value(await standby.pidOf('asterisk')), before);
});

test('another process finds the lab, and its hosts', async () => {
  const other = value(await openLab(lab.runId));
  assert.equal(await bootIdOf(other.host('main')), await bootIdOf(main));
  const status = (await labStatus()).find(({ runId }) => runId === lab.runId);
  assert.equal(status?.standing, 'owned');
  assert.equal(status.hosts.find(({ name }) => name === 'main')?.isOn, true);
});

test('a second lab lives beside the first; killed with its owner, it is a leftover, and is taken away', async () => {
  const program = `
    const { createLab } = await import(${JSON.stringify(join(import.meta.dirname, 'lab.ts'))});
    const lab = await createLab({ topology: { hosts: [{ name: 'lone', kind: 'system', octet: 50, stateDiskMib: 1 }] } });
    const booted = await lab.value.boot();
    process.stdout.write(booted.ok ? lab.value.runId : JSON.stringify(booted));
    setInterval(() => undefined, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...plainEnvironment },
  });
  const [said] = (await once(owner.stdout, 'data')) as [Buffer];
  const runId = said.toString();
  try {
    const second = value(await openLab(runId));
    assert.notEqual(second.subnet.v4, lab.subnet.v4);
    assert.ok(await reaches(second.host('lone'), second.gateway.v4));
    assert.ok(await isCutOff(second.host('lone'), main.address.v4));
    owner.kill('SIGKILL');
    await once(owner, 'close');
    assert.ok((await remainsOf(runId)).length >= 4);
    assert.ok(value(await tearDownLeftovers()).includes(runId));
    assert.deepEqual(await remainsOf(runId), []);
  } finally {
    owner.kill('SIGKILL');
    await tearDown(runId);
  }
  assert.ok(await reaches(standby, main.address.v4), 'the first lab is untouched');
});
