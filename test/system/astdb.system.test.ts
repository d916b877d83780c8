import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ensureTree } from '../../lab/tree/tree.ts';
import { dbDelete, dbPut, dbTree } from '../../src/ami/actions.ts';
import { astDbPutAny, astDbRows } from '../../src/ami/astdb-query.ts';
import type { AmiConnection } from '../../src/ami/connection.ts';
import { headerOf } from '../../src/ami/message.ts';
import {
  addQueueMember,
  dynamicMembers,
  pauseQueueMember,
  type QueueMember,
  removeQueueMember,
  setQueuePenalty,
} from '../../src/ami/queue-actions.ts';
import { createAstDbBase } from '../../src/replication/astdb/base.ts';
import type { AstDbTransport } from '../../src/replication/astdb/message.ts';
import { contactKey } from '../../src/replication/astdb/rows.ts';
import { type AstDbStream, createAstDbStream } from '../../src/replication/astdb/stream.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';
import { startAsterisk, type TestAsterisk } from './asterisk.ts';
import { createCable } from './cable.ts';
import { testClock as clock, inNamespace, ip, until } from './namespace.ts';
import { register } from './register.ts';

const streamOf = ({ manager, ari }: TestAsterisk, end: AstDbTransport): AstDbStream => {
  const rules = { include: ['*'], exclude: ['SECRET'] };
  const base = createAstDbBase({ manager, ari, rules }, clock);
  return createAstDbStream({ pollMs: 200, compareMs: 30_000 }, base, end, clock);
};

const stateOf = async (ami: AmiConnection, device: string): Promise<string> => {
  const answer = await ami.act('Getvar', [['Variable', `DEVICE_STATE(${device})`]]);
  return answer.ok ? (headerOf(answer.value.response, 'Value') ?? '') : answer.error.message;
};

const write = async (ami: AmiConnection, path: string, value: string): Promise<void> => {
  const slash = path.indexOf('/');
  const done = await dbPut(ami, path.slice(0, slash), { key: path.slice(slash + 1), value });
  assert.ok(done.ok);
};

const registerAs = (phone: UserAgent, name: string, port: number, expires: number): Promise<void> =>
  register(phone, { name, port, contact: `<sip:${name}@${phone.localAddress}:${phone.localPort}>;expires=${expires}` });

const rowsOf = async (ami: AmiConnection): Promise<ReadonlyMap<string, string | null>> => {
  const rows = await astDbRows(ami, null);
  assert.ok(rows.ok);
  return new Map(rows.value.map(({ path, value }) => [path, value]));
};

/** Far above what it takes: the machine may be busy with other tests. */
const limitMs = 60_000;

inNamespace(import.meta.url, () => {
  let main: TestAsterisk;
  let standby: TestAsterisk;
  let out: AstDbStream;
  let into: AstDbStream;
  let here: AmiConnection;
  let there: AmiConnection;
  let phone: UserAgent;
  let silent = false;
  let asked = 0;
  const off = new AbortController();

  before(async () => {
    ip('link', 'set', 'lo', 'up');
    const tree = await ensureTree();
    assert.ok(tree.ok, JSON.stringify(tree));
    [main, standby] = await Promise.all([
      startAsterisk(tree.value.root, 5_038, 5_060),
      startAsterisk(tree.value.root, 5_138, 5_160),
    ]);
    [here, there] = await Promise.all([main.enter(), standby.enter()]);
    const opened = await openUserAgent({
      localAddress: '127.0.0.1',
      localPort: 0,
      signal: off.signal,
      onRequest: ({ request, respond }) => {
        if (request.method !== 'OPTIONS') return;
        asked += 1;
        if (!silent) respond({ status: 200, reason: 'OK' });
      },
    });
    assert.ok(opened.ok);
    phone = opened.value;
    const [a, b] = createCable();
    out = streamOf(main, a);
    into = streamOf(standby, b);
    out.start();
    into.start();
    into.setRight({ holding: 0, highest: 2 });
    out.setRight({ holding: 2, highest: 2 });
    await until(() => into.status().inStep && out.status().inStep, limitMs, 'in step');
  });
  after(async () => {
    off.abort();
    here?.close();
    there?.close();
    await Promise.all([out?.stop(), into?.stop()]);
    await Promise.all([main?.stop(), standby?.stop()]);
  });

  test('do-not-disturb, forwards and whatever else is written follow, and so does their end', async (context) => {
    const took: number[] = [];
    for (const [path, value] of [
      ['DND/100', 'YES'],
      ['CF/100', '0791234567'],
      ['AMPUSER/100/cidname', 'Änne "the phone", ext. 100; x'],
      ['odd family/a key/with more', ''],
    ] as const) {
      await write(here, path, value);
      took.push(await until(async () => (await rowsOf(there)).get(path) === value, limitMs, path));
      await dbDelete(here, path.slice(0, path.indexOf('/')), path.slice(path.indexOf('/') + 1));
      took.push(await until(async () => !(await rowsOf(there)).has(path), limitMs, `${path} is gone`));
    }
    context.diagnostic(`measured: rows followed after at most ${Math.max(...took).toFixed(0)} ms`);
    await dbPut(here, 'SECRET', { key: 'x', value: '1' });
    await dbPut(there, 'SECRET', { key: 'y', value: '2' });
    await write(here, 'DND/1', 'YES');
    await until(async () => (await rowsOf(there)).has('DND/1'), limitMs, 'DND/1');
    assert.equal((await rowsOf(there)).has('SECRET/x'), false);
    assert.equal((await rowsOf(there)).has('SECRET/y'), true);
  });

  test('long values and odd letters are carried whole', async () => {
    const values = ['x'.repeat(255), 'y'.repeat(3_000), `${'é'.repeat(7_000)}|end`, 'two\r\nlines', '\ttab', '  blank'];
    for (const [index, value] of values.entries()) {
      const done = await astDbPutAny(here, `LONG/${index}`, value);
      assert.ok(done.ok);
    }
    const arrived = async (): Promise<boolean> => {
      const rows = await rowsOf(there);
      return values.every((value, index) => rows.get(`LONG/${index}`) === value);
    };
    await until(arrived, limitMs, 'all values');
    await astDbPutAny(here, 'LONG/huge', 'z'.repeat(20_000));
    await until(() => out.status().refused === 1, limitMs, 'one is told as not carried');
    await dbDelete(here, 'LONG', 'huge');
  });

  test('a table of many pages is read whole, in the order of its paths, whatever letters and however long they are', async () => {
    const family = 'Pages';
    const paths = Array.from(
      { length: 777 },
      (_, at) => `${family}/${at % 2 === 0 ? 'é' : '%'}${'x'.repeat(at % 230)}${at}`,
    );
    await Promise.all(paths.map((path) => write(here, path, path)));
    const all = await astDbRows(here, null);
    const tree = await dbTree(here, '');
    const others = await astDbRows(here, family);
    assert.ok(all.ok && tree.ok && others.ok);
    const told = all.value.map(({ path }) => path);
    assert.deepEqual(new Set(told), new Set(tree.value.map(({ key }) => key)));
    assert.equal(told.length, tree.value.length);
    assert.deepEqual(
      told.filter((path) => path.startsWith(`${family}/`)),
      paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    assert.deepEqual(
      others.value.map(({ path }) => path),
      told.filter((path) => !path.startsWith(`${family}/`)),
    );
    await Promise.all(paths.map((path) => dbDelete(here, family, path.slice(family.length + 1))));
  });

  test('an endpoint is available there as soon as its phone is registered here, and away when it left', async (context) => {
    assert.equal(await stateOf(there, 'PJSIP/100'), 'UNAVAILABLE');
    await registerAs(phone, '100', main.sipPort, 600);
    const isState = (state: string) => async () => (await stateOf(there, 'PJSIP/100')) === state;
    const availableMs = await until(isState('NOT_INUSE'), limitMs, 'available');
    context.diagnostic(`measured: available at the other Asterisk after ${availableMs.toFixed(0)} ms`);
    const [ours, theirs] = [await rowsOf(here), await rowsOf(there)];
    const key = contactKey('100', `sip:100@127.0.0.1:${phone.localPort}`);
    assert.notEqual(ours.get(key), undefined);
    assert.equal(theirs.get(key), ours.get(key));
    await registerAs(phone, '100', main.sipPort, 0);
    await until(isState('UNAVAILABLE'), limitMs, 'away');
    assert.equal(into.status().limit, null);
  });

  test('who logs in is a live member there: paused, with penalty and name; nobody else is touched', async (context) => {
    const agent: QueueMember = {
      interface: 'PJSIP/100',
      name: 'Änne',
      stateInterface: 'PJSIP/101',
      penalty: 3,
      paused: false,
      reason: '',
    };
    const other = { ...agent, interface: 'Local/5@phones', name: 'Local/5@phones', penalty: 0 };
    // Asterisk lists them in no order.
    const textOf = (members: readonly QueueMember[]): string =>
      JSON.stringify(members.toSorted((a, b) => (a.interface < b.interface ? -1 : 1)));
    const followed = async (want: readonly QueueMember[], what: string): Promise<number> =>
      until(
        async () => {
          const all = await dynamicMembers(there, 'sales');
          return all.ok && textOf(all.value.get('sales') ?? []) === textOf(want);
        },
        limitMs,
        what,
      );
    assert.ok((await addQueueMember(here, 'sales', agent)).ok);
    const loginMs = await followed([agent], 'logged in');
    context.diagnostic(`measured: an agent who logged in was a live member after ${loginMs.toFixed(0)} ms`);
    assert.ok((await addQueueMember(here, 'sales', other)).ok);
    await followed([agent, other], 'two');
    const resting = { ...agent, paused: true, reason: 'lunch' };
    assert.ok((await pauseQueueMember(here, 'sales', resting)).ok);
    await followed([resting, other], 'paused');
    // Asterisk writes a new penalty down only when something else changes.
    const lesser = { ...agent, penalty: 7 };
    assert.ok((await setQueuePenalty(here, 'sales', lesser)).ok);
    assert.ok((await pauseQueueMember(here, 'sales', lesser)).ok);
    await followed([lesser, other], 'back with another penalty');
    assert.equal(
      (await rowsOf(there)).get('Queue/PersistentMembers/sales'),
      (await rowsOf(here)).get('Queue/PersistentMembers/sales'),
    );
    for (const each of [agent, other]) assert.ok((await removeQueueMember(here, 'sales', each.interface)).ok);
    await followed([], 'logged out');
    const status = await there.act('QueueStatus', [['Queue', 'sales']], { until: 'QueueStatusComplete' });
    assert.ok(status.ok);
    const fixed = status.value.entries.filter((entry) => headerOf(entry, 'Membership') === 'static');
    assert.deepEqual(
      fixed.map((entry) => headerOf(entry, 'Location')),
      ['PJSIP/102'],
    );
  });

  test('a lamp that a dialplan sets is lit there', async () => {
    const set = async (state: string): Promise<void> => {
      await here.act('Setvar', [
        ['Variable', 'DEVICE_STATE(Custom:DEVDND100)'],
        ['Value', state],
      ]);
      await until(async () => (await stateOf(there, 'Custom:DEVDND100')) === state, limitMs, state);
    };
    await set('BUSY');
    await set('NOT_INUSE');
  });

  test('a takeover asks the phones that Asterisk watches; a mute standby never does', async (context) => {
    await registerAs(phone, '103', main.sipPort, 600);
    const key = contactKey('103', `sip:103@127.0.0.1:${phone.localPort}`);
    await until(async () => (await rowsOf(there)).has(key), limitMs, 'registered');
    await until(async () => (await stateOf(here, 'PJSIP/103')) === 'NOT_INUSE', limitMs, 'asked by the main');
    assert.equal(await stateOf(there, 'PJSIP/103'), 'UNAVAILABLE');
    const before = asked;
    // As while address and gate are not there yet.
    silent = true;
    out.setRight({ holding: 0, highest: 3 });
    into.setRight({ holding: 3, highest: 3 });
    const beganAt = performance.now();
    await until(() => asked > before, limitMs, 'asked by the standby');
    silent = false;
    await until(async () => (await stateOf(there, 'PJSIP/103')) === 'NOT_INUSE', limitMs, 'available');
    context.diagnostic(
      `measured: a watched phone was available ${(performance.now() - beganAt).toFixed(0)} ms after the takeover`,
    );
    await until(() => out.status().inStep && into.status().inStep, limitMs, 'the other way round');
    await write(there, 'DND/103', 'YES');
    await until(async () => (await rowsOf(here)).get('DND/103') === 'YES', limitMs, 'the other way round');
  });
});
