import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPbx } from './asterisk/configuration.ts';
import { extensionAt, outsidePrefix, type PbxPlan, phoneAccounts, services, trunkAccount } from './asterisk/plan.ts';
import type { Host } from './hosts/host.ts';
import { createLab, type Lab } from './lab.ts';
import { type Phones, startPhones } from './phones/client.ts';
import { monotonicMs } from './phones/clock.ts';
import { need } from './phones/fake-pbx.ts';
import { type Provider, startProvider } from './provider/client.ts';
import { standardTopology } from './topology.ts';

const phoneCount = Number(process.env['DUALTONE_LAB_PHONES'] ?? 20);
const stop = new AbortController();
const [first, second] = [extensionAt(0), extensionAt(1)];

let lab: Lab;
let phones: Phones;
let provider: Provider;
let main: Host;
let standby: Host;

async function takeAddress(host: Host): Promise<void> {
  need(await host.execChecked(['ip', 'address', 'add', `${lab.virtual.v4}/32`, 'dev', 'eth0']));
  need(await host.execChecked(['arping', '-U', '-c', '1', '-I', 'eth0', lab.virtual.v4]));
}

/** What an agent asks, run inside the lab, for the lab's addresses lead nowhere outside. */
const asking = `
  const { sendOptions } = await import('${new URL('../src/sip/options.ts', import.meta.url).href}');
  const ask = async (transport, octet, port) => {
    const host = 'SUBNET.' + octet;
    const answer = await sendOptions({ transport, host, port, timeoutMs: 1000, signal: new AbortController().signal });
    return answer.ok ? String(answer.value.status) : answer.error.code;
  };
  console.log(JSON.stringify([await ask('udp', 10, 5060), await ask('tcp', 10, 5060), await ask('udp', 12, 5999), await ask('udp', 99, 5060)]));
`;

before(async () => {
  lab = need(await createLab({ topology: standardTopology({ checkpoints: 0 }) }));
  [main, standby] = [lab.host('main'), lab.host('standby')];
  const providerAddress = lab.host('provider').address.v4;
  const plan: PbxPlan = { virtualAddress: lab.virtual.v4, providerAddress, endpoints: phoneCount, seed: lab.runId };
  for (const host of [main, standby]) need(await installPbx(host, plan, { startAtBoot: true }));
  need(await lab.boot());
  provider = need(await startProvider({ enter: lab.host('provider').enter, signal: stop.signal }));
  need(await provider.ask('open', { localAddress: providerAddress, account: trunkAccount(plan) }));
  phones = need(await startPhones({ enter: lab.host('phones').enter, signal: stop.signal }));
  const localAddress = lab.host('phones').address.v4;
  const server = { address: lab.virtual.v4, port: 5060 };
  need(await phones.ask('open', { localAddress, server, accounts: phoneAccounts(plan) }));
  need(await phones.ask('probeStart', { name: 'virtual', localAddress, server, user: first }));
  await takeAddress(main);
});

after(async () => {
  await phones.stop();
  await provider.stop();
  stop.abort();
  need(await lab.down());
});

describe('telephones and provider with a real Asterisk', () => {
  it('find each other: the trunk registers, the telephones register', async (t) => {
    const registered = need(await provider.ask('registered', { timeoutMs: 15_000 }));
    assert.match(registered.contact, new RegExp(`@${lab.virtual.v4}`));
    const report = need(await phones.ask('register', { ratePerS: 200 }));
    t.diagnostic(`${report.registered} telephones in ${report.tookMs.toFixed(0)} ms`);
    assert.deepEqual([report.registered, report.failed], [phoneCount, []]);
  });

  it('hear themselves in the echo, and each other', async (t) => {
    need(await phones.ask('answering', { users: [second], answering: { kind: 'answer', afterMs: 100, voice: true } }));
    for (const to of [services.echo, second]) {
      const { callId, answeredAfterMs } = need(await phones.ask('call', { from: first, to, voice: true }));
      await sleep(1000);
      need(await phones.ask('hangUp', { callId }));
      const legs = need(await phones.ask('legs', null));
      const voice = legs.find((leg) => leg.callId === callId)?.voice;
      t.diagnostic(`${to}: answered after ${answeredAfterMs.toFixed(0)} ms, ${JSON.stringify(voice)}`);
      assert.ok(voice !== undefined && voice.received > 35 && voice.dropouts.length === 0);
    }
  });

  it('are called from outside, and call out', async () => {
    const inbound = need(await provider.ask('call', { to: second, voice: true }));
    const outbound = need(await phones.ask('call', { from: first, to: `${outsidePrefix}0123456`, voice: true }));
    await sleep(500);
    need(await provider.ask('hangUp', { callId: inbound.callId }));
    need(await phones.ask('hangUp', { callId: outbound.callId }));
    const legs = [...need(await provider.ask('legs', null)), ...need(await phones.ask('legs', null)).slice(-2)];
    for (const { voice, direction, user } of legs) assert.ok((voice?.received ?? 0) > 10, `${user} ${direction}`);
    need(await phones.ask('answering', { answering: { kind: 'ring' } }));
  });

  it('ring without pause, and leave no channel behind', async (t) => {
    const sinceMs = monotonicMs();
    need(await phones.ask('ringStart', { name: 'in', from: first, to: second }));
    await sleep(2000);
    const report = need(await phones.ask('ringReport', { name: 'in', sinceMs }));
    need(await phones.ask('ringStop', { name: 'in' }));
    t.diagnostic(JSON.stringify({ ...report, services: undefined }));
    assert.deepEqual([report.outageMs, report.lost], [0, 0]);
    await sleep(300);
    const { stdout } = need(await main.execChecked(['asterisk', '-rx', 'core show channels count']));
    assert.match(stdout, /^0 active channels/m);
  });

  it('see the outage when the main loses its power and the address moves, and a standby that was mute', async (t) => {
    const sinceMs = monotonicMs();
    await sleep(300);
    const before = need(await provider.ask('evidence', { sinceMs: 0 }));
    t.diagnostic(JSON.stringify(before.packetsBySource));
    assert.deepEqual(Object.keys(before.packetsBySource), [lab.virtual.v4]);
    assert.deepEqual(before.changes, []);
    const cutMs = monotonicMs();
    need(await main.powerOff());
    await takeAddress(standby);
    const movedMs = monotonicMs();
    await sleep(700);
    const report = need(await phones.ask('probeReport', { name: 'virtual', sinceMs }));
    t.diagnostic(`moved after ${(movedMs - cutMs).toFixed(0)} ms; ${JSON.stringify(report)}`);
    assert.equal(report.gaps.filter(({ lengthMs }) => lengthMs > 100).length <= 1, true);
    assert.ok(report.outageMs < movedMs - cutMs + 150 && report.gaps.every(({ toMs }) => toMs !== undefined));
    // The standby's trunk tries again each two seconds, and now gets through.
    for (let waited = 0; waited < 100; waited += 1) {
      const { changes } = need(await provider.ask('evidence', { sinceMs: cutMs }));
      if (changes.length === 1) break;
      await sleep(100);
    }
    const { changes, packetsBySource } = need(await provider.ask('evidence', { sinceMs: cutMs }));
    t.diagnostic(JSON.stringify(changes));
    assert.equal(changes.length, 1);
    assert.deepEqual(Object.keys(packetsBySource), [lab.virtual.v4]);
  });

  it('answers a probe over UDP and TCP, and not where nobody listens', async () => {
    const answers = need(
      await lab
        .host('phones')
        .execChecked([process.execPath, '--input-type=module', '--eval', asking.replace('SUBNET', lab.subnet.v4)]),
    );
    const [udp, tcp, refused, gone] = JSON.parse(answers.stdout) as readonly string[];
    assert.match(`${udp} ${tcp}`, /^[24][0-9]{2} [24][0-9]{2}$/);
    assert.deepEqual([refused, gone], ['sip-refused', 'sip-timeout']);
  });
});
