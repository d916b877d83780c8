import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { type Account, createRegistration } from '../../src/sip/account.ts';
import { placeCall } from '../../src/sip/call.ts';
import { writeSdp } from '../../src/sip/sdp.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';
import { monotonicMs } from '../phones/clock.ts';
import { need } from '../phones/fake-pbx.ts';
import { type Provider, startProvider } from './client.ts';
import type { ProviderPlan } from './protocol.ts';

const localAddress = '127.0.0.1';
const account = { user: 'trunk', password: 'secret' };
const timing = { timeoutMs: 2000 };

interface Stage {
  readonly provider: Provider;
  readonly trunk: Account;
  /** A node of a pair: registers under a name of its own. */
  readonly node: (name: string, password?: string) => Promise<Node>;
}

interface Node {
  readonly agent: UserAgent;
  readonly register: () => Promise<unknown>;
  /** The next call that comes here. */
  readonly called: () => Promise<unknown>;
}

async function stage(t: TestContext, plan: Partial<ProviderPlan> = {}): Promise<Stage> {
  const abort = new AbortController();
  const provider = need(await startProvider({ signal: abort.signal }));
  t.after(async () => {
    await provider.stop();
    abort.abort();
  });
  const { port } = need(await provider.ask('open', { localAddress, localPort: 0, account, ...plan }));
  const trunk = { ...account, domain: localAddress, server: { address: localAddress, port } };
  return {
    provider,
    trunk,
    node: async (name, password = account.password) => {
      const calls = new EventEmitter();
      const agent = need(
        await openUserAgent({
          localAddress,
          localPort: 0,
          signal: abort.signal,
          onRequest: ({ request, respond }) => {
            if (request.method === 'ACK') return;
            const body = writeSdp({ address: localAddress, port: 9 });
            const contact = { name: 'Contact', value: '<sip:pbx@127.0.0.1>' };
            if (request.method === 'INVITE') calls.emit('call');
            if (request.method === 'INVITE') respond({ status: 180, reason: 'Ringing' });
            respond({ status: 200, reason: 'OK', headers: [contact], body });
          },
        }),
      );
      const named = [{ name: 'User-Agent', value: name }];
      const registration = createRegistration(agent, { ...trunk, password }, named);
      return { agent, register: () => registration.refresh(60, timing), called: () => once(calls, 'call') };
    },
  };
}

describe('the provider', () => {
  it('notes who registered, and that another took the place', async (t) => {
    const { provider, node } = await stage(t);
    const [main, standby] = [await node('main'), await node('standby')];
    assert.deepEqual(await main.register(), { ok: true, value: 60 });
    await main.register();
    const beganMs = monotonicMs();
    await standby.register();
    const all = need(await provider.ask('evidence', { sinceMs: 0 }));
    assert.deepEqual([all.registrationsAccepted, all.registrationsRefused, all.current?.by], [3, 0, 'standby']);
    assert.deepEqual(all.notes.map(({ by, method, outcome }) => `${by} ${method} ${outcome}`).slice(0, 2), [
      'main REGISTER challenged',
      'main REGISTER accepted',
    ]);
    assert.deepEqual(
      all.changes.map(({ from, to }) => [from.by, to.by]),
      [['main', 'standby']],
    );
    const later = need(await provider.ask('evidence', { sinceMs: beganMs }));
    assert.ok(later.notes.every(({ by }) => by === 'standby'));
    assert.deepEqual(later.packetsBySource, { [localAddress]: 2 });
  });

  it('can refuse the second, and refuses a wrong password', async (t) => {
    const { provider, node } = await stage(t, { whenTaken: 'refuse' });
    await (await node('main')).register();
    for (const name of ['standby', 'stranger']) {
      const other = await node(name, name === 'stranger' ? 'wrong' : account.password);
      const refused = (await other.register()) as { readonly ok: boolean };
      assert.equal(refused.ok, false);
    }
    const { current, changes, registrationsRefused } = need(await provider.ask('evidence', { sinceMs: 0 }));
    assert.deepEqual([current?.by, changes.length, registrationsRefused], ['main', 0, 2]);
  });

  it('calls in at the registered contact, and not without', async (t) => {
    const { provider, node } = await stage(t);
    const nobody = await provider.ask('call', { to: '1000', voice: false });
    assert.equal(nobody.ok ? '' : nobody.error.code, 'lab-not-registered');
    const waiting = provider.ask('registered', { timeoutMs: 2000 });
    await (await node('main')).register();
    assert.match(need(await waiting).contact, /^sip:trunk@127/);
    const { callId } = need(await provider.ask('call', { to: '1000', voice: false }));
    need(await provider.ask('hangUp', { callId }));
    const [leg] = need(await provider.ask('legs', null));
    assert.deepEqual([leg?.direction, leg?.endedBy], ['placed', 'us']);
  });

  it('rings where the trunk registered last', { timeout: 10_000 }, async (t) => {
    const { provider, node } = await stage(t);
    const [main, standby] = [await node('main'), await node('standby')];
    await main.register();
    const atMain = main.called();
    need(await provider.ask('ringStart', { name: 'rings', to: '1000', intervalMs: 10 }));
    await atMain;
    const atStandby = standby.called();
    await standby.register();
    await atStandby;
    need(await provider.ask('ringStop', { name: 'rings' }));
  });

  it('answers calls to the outside, for those who know the password', async (t) => {
    const { provider, node, trunk } = await stage(t);
    const { agent } = await node('main');
    const plan = {
      to: '0123',
      media: { address: localAddress, port: 9 },
      timeoutMs: 2000,
      signal: new AbortController().signal,
    };
    const call = need(await placeCall(agent, trunk, plan));
    assert.ok(call.remoteMedia !== undefined);
    assert.ok((await call.hangUp(timing)).ok);
    const stranger = await placeCall(agent, { ...trunk, password: 'wrong' }, plan);
    assert.equal(stranger.ok ? '' : stranger.error.code, 'sip-status');
    const { notes } = need(await provider.ask('evidence', { sinceMs: 0 }));
    assert.deepEqual(notes.map(({ method, outcome }) => `${method} ${outcome}`).slice(0, 2), [
      'INVITE challenged',
      'ACK answered',
    ]);
  });
});
