import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Phones, startPhones } from './client.ts';
import { monotonicMs } from './clock.ts';
import { type FakePbx, need, openFakePbx } from './fake-pbx.ts';
import type { PhonesEvent } from './protocol.ts';

const localAddress = '127.0.0.1';
/** What a busy machine does late it does all the same; the test's own limit, which is long, ends what never comes. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await sleep(10);
};
const accountsOf = (count: number): readonly { user: string; password: string }[] =>
  Array.from({ length: count }, (_, index) => ({ user: `${1001 + index}`, password: 'secret' }));

interface Stage {
  readonly pbx: FakePbx;
  readonly phones: Phones;
  /** Resolves with the next event that fits. */
  readonly next: (fits: (event: PhonesEvent) => boolean) => Promise<PhonesEvent>;
}

async function stage(t: TestContext, count: number): Promise<Stage> {
  const abort = new AbortController();
  const waiting: { readonly fits: (event: PhonesEvent) => boolean; readonly resolve: (event: PhonesEvent) => void }[] =
    [];
  const onEvent = (event: PhonesEvent): void => {
    for (const one of waiting) if (one.fits(event)) one.resolve(event);
  };
  const pbx = need(await openFakePbx(localAddress, abort.signal));
  const phones = need(await startPhones({ signal: abort.signal, onEvent }));
  t.after(async () => {
    await phones.stop();
    abort.abort();
  });
  need(await phones.ask('open', { localAddress, server: pbx.address, accounts: accountsOf(count), phonesPerPort: 7 }));
  return { pbx, phones, next: (fits) => new Promise((resolve) => waiting.push({ fits, resolve })) };
}

describe('the telephones', () => {
  it('register, keep registered, and say how often they did', { timeout: 120_000 }, async (t) => {
    const { phones, pbx } = await stage(t, 20);
    const beganMs = monotonicMs();
    const report = need(await phones.ask('register', { ratePerS: 500, expiresS: 1 }));
    assert.deepEqual([report.registered, report.failed], [20, []]);
    const counts = need(await phones.ask('counts', { sinceMs: beganMs }));
    assert.equal(counts['registration-granted'], 20);
    // Each asks twice each time: without a password first.
    await until(() => pbx.registrations() >= 80);
    need(await phones.ask('unregister', null));
    const nowMs = monotonicMs();
    assert.equal(need(await phones.ask('counts', { sinceMs: nowMs }))['registration-begun'], 0);
  });

  it('say which of them could not register', { timeout: 120_000 }, async (t) => {
    const { phones, pbx } = await stage(t, 2);
    pbx.awake = false;
    const report = need(await phones.ask('register', { timeoutMs: 100 }));
    assert.equal(report.registered, 0);
    assert.deepEqual(
      report.failed.map(({ user, error }) => [user, error.code]),
      [
        ['1001', 'sip-timeout'],
        ['1002', 'sip-timeout'],
      ],
    );
  });

  it('call each other, are heard, and hang up', { timeout: 120_000 }, async (t) => {
    const { phones, next } = await stage(t, 3);
    need(await phones.ask('register', {}));
    need(await phones.ask('answering', { users: ['1002'], answering: { kind: 'answer', afterMs: 30, voice: true } }));
    const { callId } = need(await phones.ask('call', { from: '1001', to: '1002', voice: true }));
    const heard = async (): Promise<readonly number[]> =>
      need(await phones.ask('legs', null)).map(({ voice }) => voice?.received ?? 0);
    await until(async () => (await heard()).every((received) => received >= 20));
    const gone = next((event) => event.event === 'call-ended' && event.by === 'other');
    need(await phones.ask('hangUp', { callId }));
    await gone;
    const legs = need(await phones.ask('legs', null));
    assert.deepEqual(
      legs.map(({ user, direction, endedBy }) => [user, direction, endedBy]),
      [
        ['1001', 'placed', 'us'],
        ['1002', 'taken', 'other'],
      ],
    );
    for (const { voice } of legs) {
      assert.ok(voice !== undefined && voice.received >= 20 && voice.missing === 0, JSON.stringify(voice));
    }
    const refused = await phones.ask('call', { from: '1001', to: '9999', voice: false });
    assert.equal(refused.ok ? '' : refused.error.code, 'sip-status');
  });

  it('measure an outage by asking and by calling', { timeout: 120_000 }, async (t) => {
    const { phones, pbx } = await stage(t, 2);
    need(await phones.ask('register', {}));
    pbx.name = 'main';
    need(await phones.ask('probeStart', { name: 'vip', localAddress, server: pbx.address, user: '1001' }));
    need(await phones.ask('ringStart', { name: 'in', from: '1001', to: '1002' }));
    const probe = async (sinceMs: number) => need(await phones.ask('probeReport', { name: 'vip', sinceMs }));
    const ring = async (sinceMs: number) => need(await phones.ask('ringReport', { name: 'in', sinceMs }));
    const firstMs = monotonicMs();
    const bothAnswer = (sinceMs: number) => async (): Promise<boolean> =>
      (await probe(sinceMs)).answered > 3 && (await ring(sinceMs)).answered > 3;
    await until(bothAnswer(firstMs));
    const beganMs = monotonicMs();
    pbx.awake = false;
    await until(() => pbx.slept('OPTIONS') >= 25 && pbx.slept('INVITE') >= 4);
    pbx.awake = true;
    pbx.name = 'standby';
    const endedMs = monotonicMs();
    const [lost, unrung] = [pbx.slept('OPTIONS'), pbx.slept('INVITE')];
    await until(bothAnswer(endedMs));
    // A call may ring until it is given up: only then is it lost.
    await until(async () => (await probe(firstMs)).lost >= lost && (await ring(firstMs)).lost >= unrung);
    const report = await probe(firstMs);
    t.diagnostic(JSON.stringify(report));
    // By what the PBX saw, and not by the clock: what it slept through was sent in one go, ten milliseconds apart.
    const gap = report.gaps.find(({ fromMs, answeredMs = 0 }) => fromMs <= beganMs && answeredMs >= endedMs);
    assert.ok(gap !== undefined && gap.lost >= lost, `${lost} were slept through`);
    assert.ok(report.outageMs >= gap.lengthMs && gap.lengthMs >= lost * 9 && gap.lengthMs <= monotonicMs() - firstMs);
    assert.deepEqual(
      report.services.map(({ by }) => by),
      ['main', 'standby'],
    );
    const rings = await ring(firstMs);
    const silent = rings.gaps.find(({ fromMs, answeredMs = 0 }) => fromMs <= beganMs && answeredMs >= endedMs);
    assert.ok(silent !== undefined && silent.lost >= unrung, JSON.stringify(rings.gaps));
    const counts = need(await phones.ask('counts', { sinceMs: firstMs }));
    assert.ok(counts.rang >= rings.answered - 1 && counts['registration-begun'] === 0);
    need(await phones.ask('ringStop', { name: 'in' }));
    need(await phones.ask('probeStop', { name: 'vip' }));
  });

  it('refuse what they do not understand', { timeout: 120_000 }, async (t) => {
    const { phones } = await stage(t, 1);
    const twice = await phones.ask('open', { localAddress, server: { address: localAddress, port: 1 }, accounts: [] });
    assert.equal(twice.ok ? '' : twice.error.code, 'lab-open');
    const nobody = await phones.ask('probeReport', { name: 'none', sinceMs: 0 });
    assert.equal(nobody.ok ? '' : nobody.error.code, 'lab-name');
    await phones.stop();
    const gone = await phones.ask('legs', null);
    assert.equal(gone.ok ? '' : gone.error.code, 'lab-gone');
  });
});
