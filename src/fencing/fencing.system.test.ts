/** Debian's own fence agents against a real IPMI simulator and a Redfish service that can lie, hang and refuse. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../process/run.ts';
import { createAskDevice } from './device.ts';
import { type FenceDesk, turnOffByLevels } from './levels.ts';
import { parameterTroubles, readMetadata } from './metadata.ts';
import { type IpmiSimulator, startIpmiSimulator } from './testing/ipmi.ts';
import { type RedfishStandIn, startRedfish } from './testing/redfish.ts';

const PASSWORD = 'tres-geheim';
const folder = mkdtempSync(join(tmpdir(), 'dualtone-fence-'));
const ask = createAskDevice(run);
const desk = (): FenceDesk => ({ ask, now: () => 0, expiresAt: 1, signal: new AbortController().signal });
const stops: (() => Promise<unknown>)[] = [];
let redfish: RedfishStandIn;

/** A machine that stands still: a process that is stopped, as a paused one is. */
const pausedMachine = (): ChildProcess => {
  const machine = spawn('sleep', ['600'], { stdio: 'ignore' });
  machine.kill('SIGSTOP');
  stops.push(async () => machine.kill('SIGKILL'));
  return machine;
};
const endOf = (machine: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => machine.once('exit', (_code, signal) => resolve(signal)));
let sims = 0;
const simulator = async (machine: ChildProcess): Promise<IpmiSimulator> => {
  sims += 1;
  const place = join(folder, `sim-${sims}`);
  mkdirSync(place);
  const sim = await startIpmiSimulator(place, machine, PASSWORD);
  stops.push(sim.stop);
  return sim;
};

before(async () => {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert, '-subj', '/CN=stand-in'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'password'), PASSWORD, { mode: 0o600 });
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  redfish = await startRedfish(tls, join(folder, 'password'), PASSWORD);
  stops.push(() => redfish.stop());
});
after(async () => {
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true });
});

describe('fence_ipmilan and a real IPMI simulator', () => {
  test('a machine that stands still is on, is turned off, and is off when it is asked by itself', async () => {
    const machine = pausedMachine();
    const bmc = (await simulator(machine)).device();
    assert.deepEqual(await ask.power(bmc), { ok: true, value: 'on' });
    const ended = endOf(machine);
    const { outcome, detail } = await turnOffByLevels([{ devices: [bmc] }], desk());
    assert.equal(outcome, 'off', detail);
    assert.equal(await ended, 'SIGKILL', 'the machine itself is gone');
    assert.deepEqual(await ask.power(bmc), { ok: true, value: 'off' });
  });
  test('a device that hangs is left after its time, the next level does it, and the machine is gone', async () => {
    const machine = pausedMachine();
    const bmc = (await simulator(machine)).device();
    Object.assign(redfish, { mood: 'hangs', power: 'On' });
    const ended = endOf(machine);
    const hangs = redfish.device({ timeoutMs: 1500 });
    const { outcome, detail } = await turnOffByLevels([{ devices: [hangs] }, { devices: [bmc] }], desk());
    assert.deepEqual([outcome, detail], ['off', 'bmc says off']);
    assert.equal(await ended, 'SIGKILL');
  });
  test('of a level whose second device refuses, nothing is proved', async () => {
    const bmc = (await simulator(pausedMachine())).device();
    Object.assign(redfish, { mood: 'refuses', power: 'On' });
    const { outcome, detail } = await turnOffByLevels([{ devices: [bmc, redfish.device()] }], desk());
    assert.equal(outcome, 'failed', detail);
    assert.ok(!detail.includes(PASSWORD));
  });
});

describe('fence_redfish and a stand-in', () => {
  test('one that accepts the order and does nothing is caught by its own power', async () => {
    Object.assign(redfish, { mood: 'lies', power: 'On' });
    redfish.orders.length = 0;
    const { outcome, detail } = await turnOffByLevels([{ devices: [redfish.device()] }], desk());
    assert.equal(outcome, 'failed', detail);
    assert.ok(redfish.orders.includes('ForceOff'), 'it was told');
  });
  test('one that obeys proves it, and is turned on again', async () => {
    Object.assign(redfish, { mood: 'well', power: 'On' });
    const { outcome } = await turnOffByLevels([{ devices: [redfish.device()] }], desk());
    assert.equal(outcome, 'off');
    assert.deepEqual(await ask.turn(redfish.device(), 'on'), { ok: true, value: undefined });
    assert.equal(redfish.power, 'On');
  });
});

describe('agents as Debian ships them', () => {
  for (const agent of ['fence_ipmilan', 'fence_redfish', 'fence_apc_snmp', 'fence_pve'])
    test(`${agent} describes itself, and a slip is named`, async () => {
      const device = { name: 'x', agent, options: ['pasword_script=/x'], secrets: [], timeoutMs: 20_000 };
      const xml = await ask.metadata(device);
      assert.ok(xml.ok);
      const about = readMetadata(xml.value);
      assert.ok(about.ok);
      assert.equal(about.value.name, agent);
      const slip = `${agent} knows no parameter pasword_script; is it password_script?`;
      assert.ok(parameterTroubles(device, about.value).includes(slip));
    });
});
