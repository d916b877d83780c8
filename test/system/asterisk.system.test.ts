import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { ensureTree } from '../../lab/tree/tree.ts';
import { dbPut, dbTree, runCommand } from '../../src/ami/actions.ts';
import type { AmiConnection } from '../../src/ami/connection.ts';
import type { Sample } from '../../src/core/event.ts';
import { createAmiProbe } from '../../src/probes/ami.ts';
import { createBoard } from '../../src/probes/board.ts';
import { createSipProbe } from '../../src/probes/sip.ts';
import { createAstDbBase } from '../../src/replication/astdb/base.ts';
import { contactFamily } from '../../src/replication/astdb/rows.ts';
import { type AstDbStream, createAstDbStream } from '../../src/replication/astdb/stream.ts';
import { openUserAgent, type UserAgent } from '../../src/sip/user-agent.ts';
import { startAsterisk, type TestAsterisk } from './asterisk.ts';
import { createCable } from './cable.ts';
import { testClock as clock, inNamespace, ip, until } from './namespace.ts';
import { register } from './register.ts';

const pace = { periodMs: 100, timeoutMs: 250 };

const startStreams = (from: TestAsterisk, to: TestAsterisk): readonly [AstDbStream, AstDbStream] => {
  const options = { pollMs: 200, compareMs: 30_000 };
  const rules = { include: ['*'], exclude: [] };
  const [here, there] = createCable();
  const out = createAstDbStream(
    options,
    createAstDbBase({ manager: from.manager, ari: null, rules }, clock),
    here,
    clock,
  );
  const into = createAstDbStream(
    options,
    createAstDbBase({ manager: to.manager, ari: null, rules }, clock),
    there,
    clock,
  );
  out.start();
  into.start();
  into.setRight({ holding: 0, highest: 2 });
  out.setRight({ holding: 2, highest: 2 });
  return [out, into];
};

const registerAs = (phone: UserAgent, name: string, port: number, expires: number): Promise<void> =>
  register(phone, {
    name,
    port,
    contact: `"Ünsal \\"the phone\\"" <sip:${name}@${phone.localAddress}:${phone.localPort};ob>;expires=${expires}`,
    userAgent: 'Phone "1.0": {x}, é',
  });

const lines = async (ami: AmiConnection, command: string): Promise<string> => {
  const output = await runCommand(ami, command);
  return output.ok ? output.value.join('\n') : output.error.message;
};

inNamespace(import.meta.url, () => {
  let main: TestAsterisk;
  let standby: TestAsterisk;

  before(async () => {
    ip('link', 'set', 'lo', 'up');
    const tree = await ensureTree();
    assert.ok(tree.ok, JSON.stringify(tree));
    [main, standby] = await Promise.all([
      startAsterisk(tree.value.root, 5_038, 5_060),
      startAsterisk(tree.value.root, 5_138, 5_160),
    ]);
  });
  after(async () => {
    await Promise.all([main?.stop(), standby?.stop()]);
  });

  test('a phone that registers with one is rung by the other; a leaving one is forgotten', async (context) => {
    const off = new AbortController();
    context.after(() => off.abort());
    let invited = false;
    const phone = await openUserAgent({
      localAddress: '127.0.0.1',
      localPort: 0,
      signal: off.signal,
      onRequest: ({ request }) => {
        invited ||= request.method === 'INVITE';
      },
    });
    assert.ok(phone.ok);
    const [out, into] = startStreams(main, standby);
    context.after(() => Promise.all([out.stop(), into.stop()]));
    const [there, here] = await Promise.all([standby.enter(), main.enter()]);
    context.after(() => {
      there.close();
      here.close();
    });
    await until(() => into.status().direction === 'in' && inStep(into) && inStep(out), 10_000, 'in step');
    await registerAs(phone.value, '100', main.sipPort, 600);
    const knownMs = await until(
      async () => (await lines(there, 'pjsip show contacts')).includes('100/sip:100@'),
      5_000,
      'known there',
    );
    context.diagnostic(`measured: a registration was known to the other Asterisk after ${knownMs.toFixed(0)} ms`);
    assert.deepEqual(await dbTree(there, contactFamily), await dbTree(here, contactFamily));
    await lines(there, 'channel originate PJSIP/100 application Echo');
    await until(() => invited, 10_000, 'rung through the other');
    await registerAs(phone.value, '100', main.sipPort, 0);
    await until(
      async () => (await lines(there, 'pjsip show contacts')).includes('No objects found'),
      5_000,
      'forgotten there',
    );
  });

  test('3,000 and 10,000 registrations reach an empty standby', async (context) => {
    const [there, here] = await Promise.all([standby.enter(), main.enter()]);
    context.after(() => {
      there.close();
      here.close();
    });
    for (const [count, limitMs] of [
      [3_000, 15_000],
      [10_000, 40_000],
    ] as const) {
      const expiry = Math.floor(Date.now() / 1_000) + 3_600;
      const rows = Array.from({ length: count }, (_, index) => ({
        key: `${10_000 + index};@${'0'.repeat(32)}`,
        value: contactValue(10_000 + index, expiry),
      }));
      await Promise.all(rows.map((row) => dbPut(here, contactFamily, row)));
      const beganAt = performance.now();
      const [out, into] = startStreams(main, standby);
      context.after(() => Promise.all([out.stop(), into.stop()]));
      await until(() => inStep(out), limitMs, `${count} rows`);
      context.diagnostic(
        `measured: ${count} registrations in ${(performance.now() - beganAt).toFixed(0)} ms, both directions in one process`,
      );
      const copied = await dbTree(there, contactFamily);
      assert.equal(copied.ok ? copied.value.length : 0, count);
      await Promise.all([out.stop(), into.stop()]);
      for (const ami of [here, there]) await ami.act('DBDelTree', [['Family', contactFamily]]);
    }
  });

  test('a stopped Asterisk fails its looks and comes back; a killed one is seen at once', async (context) => {
    const { sipPort, manager } = main;
    const board = createBoard(
      [
        createAmiProbe({ probe: 'ami', about: 'telephony', ...pace, manager }, clock),
        createSipProbe(
          { probe: 'udp', about: 'telephony', ...pace, transport: 'udp', host: '127.0.0.1', port: sipPort },
          clock,
        ),
        createSipProbe(
          { probe: 'tcp', about: 'telephony', ...pace, transport: 'tcp', host: '127.0.0.1', port: sipPort },
          clock,
        ),
      ],
      clock,
    );
    context.after(() => board.stop());
    const crashed = Promise.withResolvers<Sample>();
    const outcomes = (): string =>
      board
        .look()
        .samples.map(({ outcome }) => outcome)
        .join(' ');
    board.start(crashed.resolve);
    await until(() => outcomes() === 'ok ok ok', 10_000, 'all well');
    assert.equal(board.look().calls, 0);

    main.process.kill('SIGSTOP');
    const noticedMs = await until(() => outcomes() === 'failed failed failed', 10_000, 'stopped');
    assert.ok(board.look().samples.every((sample) => !sample.crashed));
    main.process.kill('SIGCONT');
    await until(() => outcomes() === 'ok ok ok', 10_000, 'goes on');

    const killedAt = performance.now();
    main.process.kill('SIGKILL');
    const sample = await crashed.promise;
    const seenMs = performance.now() - killedAt;
    context.diagnostic(
      `measured: stopped, all failed after ${noticedMs.toFixed(0)} ms; killed, seen by ${sample.probe} after ${seenMs.toFixed(1)} ms`,
    );
    assert.ok(seenMs < 1_000, `${seenMs}`);
    await until(
      () => outcomes() === 'failed failed failed' && board.look().samples.every((one) => one.crashed),
      10_000,
      'all crashed',
    );
  });
});

const inStep = (stream: AstDbStream): boolean => stream.status().inStep;

const contactValue = (name: number, expiry: number): string =>
  JSON.stringify({
    via_addr: '127.0.0.1',
    qualify_timeout: '3.000000',
    call_id: `${name}@127.0.0.1`,
    reg_server: '',
    prune_on_boot: 'no',
    path: '',
    endpoint: String(name),
    via_port: '6001',
    uri: `sip:${name}@127.0.0.1:6001;ob`,
    qualify_frequency: '0',
    user_agent: 'Yealink SIP-T46S 66.86.0.15 "x"',
    expiration_time: String(expiry),
    outbound_proxy: '',
  });
