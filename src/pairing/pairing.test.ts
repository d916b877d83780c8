/** Two machines on loopback, with real TLS and real files. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { openChanges } from '../changes/changes.ts';
import { createWorld } from '../changes/world.ts';
import { readRaw } from '../config/edit.ts';
import { configProblems } from '../config/machine.ts';
import { encodeFrame } from '../peer/frames.ts';
import { createPapers, generateIdentity, parseIdentity } from '../peer/identity.ts';
import type { InviteAnswers } from './invite-plan.ts';
import { beginInviting, type Inviting } from './inviting.ts';
import { type JoinAnswers, joinWith } from './joining.ts';
import { TLS } from './line.ts';
import { machineWith } from './machine.ts';
import { createMachine, mainAnswers, standbyAnswers, type TestMachine, testFolder } from './testing/machine.ts';
import { parseToken, printToken } from './token.ts';

const folder = testFolder();
after(() => folder.remove());
let count = 0;

const machines = (): readonly [TestMachine, TestMachine, TestMachine] => {
  count += 1;
  return [
    createMachine(folder.path, `${count}a`),
    createMachine(folder.path, `${count}b`),
    createMachine(folder.path, `${count}c`),
  ];
};

const inviteAt = async (machine: TestMachine, answers: Partial<InviteAnswers> = {}): Promise<Inviting> => {
  const inviting = await beginInviting({ ...mainAnswers, ...answers }, machine.around);
  if (!inviting.ok) assert.fail(`${inviting.error.code}: ${inviting.error.message}`);
  return inviting.value;
};

const joinAt = async (machine: TestMachine, token: string, answers: Partial<JoinAnswers> = {}): Promise<string> => {
  const joined = await joinWith(token, { ...standbyAnswers, ...answers }, machine.around);
  return joined.ok ? `joined as ${joined.value.as}` : joined.error.code;
};

const tokenOf = ({ tokens }: Inviting, of: string): string => tokens.find((each) => each.for === of)?.token ?? '';

const keysOf = (machine: TestMachine): Readonly<Record<string, string>> => machine.files() ?? {};
const configOf = (machine: TestMachine, name = 'dualtone.yaml') =>
  readRaw(keysOf(machine)[name] ?? '') as Record<string, Record<string, unknown>>;

/** Both files are whole, agree, and name each other's key. */
const assertPaired = (main: TestMachine, standby: TestMachine): void => {
  const addresses = ['127.0.0.2', '127.0.0.3'] as const;
  for (const [at, machine] of [main, standby].entries())
    assert.deepEqual(
      configProblems('node', keysOf(machine)['dualtone.yaml'] ?? '', machineWith([], addresses[at] ?? '')),
      [],
    );
  const [one, other] = [configOf(main), configOf(standby)];
  assert.equal(keysOf(main)['pair.key'], keysOf(standby)['pair.key']);
  const pins = [main, standby].map((machine) => {
    const identity = parseIdentity(keysOf(machine)['identity.key'] ?? '');
    return identity.ok ? identity.value.pin : '';
  });
  assert.deepEqual([other['peer']?.['pin'], one['peer']?.['pin']], pins);
  assert.deepEqual([one['node']?.['role'], other['node']?.['role']], ['main', 'standby']);
  assert.equal(one['preset'], other['preset']);
};

const undo = async (machine: TestMachine) => {
  const changes = openChanges(`${machine.places.stateDir}/changes.json`, createWorld(machine.around.run));
  if (!changes.ok) assert.fail(changes.error.message);
  const lines = await changes.value.undo(false);
  if (!lines.ok) assert.fail(lines.error.message);
  return lines.value;
};

test('two nodes and a checkpoint become a pair, a key for each two of them, and are undone without a trace', async () => {
  const [main, standby, voter] = machines();
  const inviting = await inviteAt(main, { checkpoints: [{ name: 'cp1', address: '127.0.0.4', port: 4577 }] });
  const asVoter = { kind: 'checkpoint', name: null, address: null } as const;
  assert.equal(await joinAt(voter, tokenOf(inviting, 'cp1'), asVoter), 'pairing-node-first');
  assert.equal(voter.files(), null);
  assert.equal(await joinAt(standby, tokenOf(inviting, 'standby')), 'joined as standby');
  assert.equal(await joinAt(voter, tokenOf(inviting, 'cp1'), asVoter), 'joined as cp1');
  const ended = await inviting.ended;
  if (!ended.ok) assert.fail(ended.error.message);
  assert.deepEqual(ended.value.missing, []);
  const joinedAs = ended.value.joined.map(({ as, name, address }) => `${as} ${name} ${address}`);
  assert.deepEqual(joinedAs, ['standby pbx2 127.0.0.3', 'cp1 cp1 127.0.0.4']);
  assert.ok(ended.value.joined.every(({ pin }) => pin.startsWith('sha256:')));
  assertPaired(main, standby);
  assert.deepEqual(configProblems('checkpoint', keysOf(voter)['checkpoint.yaml'] ?? '', machineWith([], '')), []);
  const keys = [keysOf(main)['pair.key'], keysOf(main)['checkpoint-cp1.key'], keysOf(standby)['checkpoint-cp1.key']];
  assert.deepEqual([keysOf(voter)['main.key'], keysOf(voter)['standby.key']], keys.slice(1));
  assert.equal(new Set(keys).size, 3);
  const secrets = [...keys, tokenOf(inviting, 'standby')].map((each) => (each ?? '').trim().slice(-30));
  for (const line of [...main.said, ...standby.said, ...voter.said])
    for (const secret of secrets) assert.ok(!line.includes(secret), `a secret was said: ${line}`);
  for (const machine of [main, standby, voter]) {
    await undo(machine);
    assert.equal(machine.files(), null);
  }
});

test('a file that is there keeps its comments; one that a person changes later is left by disable', async () => {
  const [main, standby] = machines();
  const first = await inviteAt(main);
  assert.equal(await joinAt(standby, tokenOf(first, 'standby')), 'joined as standby');
  assert.ok((await first.ended).ok);
  const path = `${main.places.etcDir}/dualtone.yaml`;
  writeFileSync(path, `${keysOf(main)['dualtone.yaml']}# by hand\nfailback: { policy: manual } # and this\n`);
  const again = await inviteAt(main);
  assert.equal(await joinAt(standby, tokenOf(again, 'standby')), 'joined as standby');
  assert.ok((await again.ended).ok);
  assertPaired(main, standby);
  assert.match(keysOf(main)['dualtone.yaml'] ?? '', /# by hand[\s\S]*# and this/);
  assert.deepEqual(configOf(standby)['failback'], { policy: 'manual' });
  writeFileSync(path, `${keysOf(main)['dualtone.yaml']}# later\n`);
  assert.deepEqual((await undo(main)).filter(({ what }) => what === 'drift').length, 1);
  assert.match(keysOf(main)['dualtone.yaml'] ?? '', /# later/);
});

test('what does not fit is said before anything changes', async () => {
  const [main, standby] = machines();
  const inviting = await inviteAt(main, {
    peerAddress: '127.0.0.3',
    sections: { 'virtual-ip': { addresses: ['127.0.0.10/24'] } },
  });
  const token = tokenOf(inviting, 'standby');
  const cases: readonly (readonly [Partial<JoinAnswers>, string])[] = [
    [{ role: 'main' }, 'pairing-same-role'],
    [{ name: 'pbx1' }, 'pairing-same-name'],
    [{ address: '127.0.0.2' }, 'pairing-address-taken'],
    [{ address: '127.0.0.10' }, 'pairing-address-taken'],
    [{ address: '10.99.99.99' }, 'pairing-address-not-here'],
    [{ address: '127.0.0.5' }, 'pairing-other-address'],
    [{ kind: 'checkpoint' }, 'pairing-other-kind'],
  ];
  for (const [answers, code] of cases) assert.equal(await joinAt(standby, token, answers), code);
  const old = { ...standby, around: { ...standby.around, program: 'dualtone 0.0.1' } };
  assert.equal(await joinAt(old, token), 'pairing-other-version');
  const shy = { ...standby, around: { ...standby.around, confirm: async () => false } };
  assert.equal(await joinAt(shy, token), 'pairing-not-confirmed');
  const clone = createMachine(folder.path, 'clone');
  writeFileSync(`${clone.folder}/machine-id`, `${count}a`);
  assert.equal(await joinAt(clone, token), 'pairing-same-machine');
  // Its own key stays: the other machine may know it already.
  assert.deepEqual(Object.keys(keysOf(standby)), ['identity.key']);
  assert.equal(await joinAt(standby, token), 'joined as standby');
  assert.ok((await inviting.ended).ok);
});

test('where this machine cannot write, both are as they were', async () => {
  const [main, standby] = machines();
  const inviting = await inviteAt(main);
  // The joining machine's state cannot be kept: a file stands where its directory should be.
  writeFileSync(`${standby.folder}/state`, '');
  assert.equal(await joinAt(standby, tokenOf(inviting, 'standby')), 'change-record-unusable');
  assert.deepEqual(Object.keys(keysOf(main)), ['identity.key']);
  assert.equal(standby.files(), null);
  await inviting.cancel();
  assert.equal((await inviting.ended).ok, false);
});

test('a token is good once, for its time, and not to be guessed', async () => {
  const [main, standby, other] = machines();
  const inviting = await inviteAt(main);
  const token = tokenOf(inviting, 'standby');
  const read = parseToken(token);
  assert.ok(read.ok);
  const guessed = printToken({ ...read.value, secret: randomBytes(16) });
  assert.equal(await joinAt(other, guessed), 'pairing-token-refused');
  const stranger = printToken({ ...read.value, pin: `sha256:${randomBytes(32).toString('base64url')}` });
  assert.equal(await joinAt(other, stranger), 'pairing-wrong-machine');
  assert.equal(await joinAt(standby, token), 'joined as standby');
  assert.ok((await inviting.ended).ok);
  assert.equal(await joinAt(other, token), 'pairing-unreachable');
  const short = await inviteAt(main, { lifeMs: 1 });
  const late = await short.ended;
  assert.equal(late.ok ? 'came' : late.error.code, 'pairing-nobody-came');
  const guesses = await inviteAt(other, { name: 'pbx3' });
  const parsed = parseToken(tokenOf(guesses, 'standby'));
  assert.ok(parsed.ok);
  const codes: string[] = [];
  for (let at = 0; at < 5; at += 1)
    codes.push(
      await joinAt(createMachine(folder.path, `guess${at}`), printToken({ ...parsed.value, secret: randomBytes(16) })),
    );
  assert.equal(codes.at(-1), 'pairing-locked');
  const ended = await guesses.ended;
  assert.equal(ended.ok ? 'came' : ended.error.code, 'pairing-locked');
});

test('a lost node is replaced: the new machine and the checkpoint have new keys, the old machine is let in no more', async () => {
  const [main, standby, voter] = machines();
  const asVoter = { kind: 'checkpoint', name: null, address: null } as const;
  const first = await inviteAt(main, { checkpoints: [{ name: 'cp1', address: '127.0.0.4', port: 4577 }] });
  await joinAt(standby, tokenOf(first, 'standby'));
  await joinAt(voter, tokenOf(first, 'cp1'), asVoter);
  assert.ok((await first.ended).ok);
  const former = {
    pair: keysOf(main)['pair.key'],
    own: keysOf(main)['checkpoint-cp1.key'],
    lost: keysOf(voter)['standby.key'],
  };
  const fresh = createMachine(folder.path, 'fresh');
  const wrongWay = await inviteAt(main);
  assert.equal(await joinAt(fresh, tokenOf(wrongWay, 'standby')), 'pairing-other-machine');
  await wrongWay.cancel();
  const again = await inviteAt(main, { replaces: true });
  assert.deepEqual(
    again.tokens.map((each) => each.for),
    ['standby', 'cp1'],
  );
  assert.equal(await joinAt(fresh, tokenOf(again, 'standby')), 'joined as standby');
  assert.equal(await joinAt(voter, tokenOf(again, 'cp1'), asVoter), 'joined as cp1');
  assert.ok((await again.ended).ok);
  assertPaired(main, fresh);
  assert.notEqual(keysOf(main)['pair.key'], former.pair);
  assert.notEqual(keysOf(voter)['standby.key'], former.lost);
  assert.equal(keysOf(voter)['standby.key'], keysOf(fresh)['checkpoint-cp1.key']);
  // What the node in service and the checkpoint have together stays: no vote is lost.
  assert.deepEqual([keysOf(main)['checkpoint-cp1.key'], keysOf(voter)['main.key']], [former.own, former.own]);
});

/** Says these things after the handshake, and resolves when the other side has ended it. */
const bother = (port: number, things: readonly (Buffer | string)[], hasCertificate: boolean): Promise<void> =>
  new Promise((resolve) => {
    const identity = parseIdentity(generateIdentity());
    const papers = identity.ok && hasCertificate ? createPapers(identity.value)() : {};
    const socket = connect({ ...TLS, ...papers, host: '127.0.0.2', port }, () => {
      for (const each of things) socket.write(each);
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => resolve());
  });

test('hostile callers are shown the door, and who has the token still comes in', async () => {
  const [main, standby] = machines();
  const inviting = await inviteAt(main);
  const token = parseToken(tokenOf(inviting, 'standby'));
  assert.ok(token.ok);
  const { port } = token.value;
  const huge = Buffer.alloc(4);
  huge.writeUInt32BE(0xffff_ffff);
  await bother(port, [huge], true);
  await bother(port, [Buffer.from([0, 0, 0, 2]), '{]'], true);
  await bother(port, [encodeFrame({ type: 'accept', facts: {} })], true);
  await bother(port, [encodeFrame({ type: 'applied' })], true);
  await bother(
    port,
    [encodeFrame({ type: 'hello', token: '0'.repeat(16), proof: 'A'.repeat(43), resume: true })],
    true,
  );
  await bother(port, [], false);
  await new Promise<void>((resolve) => {
    const plain = connectPlain(port, '127.0.0.2', () => plain.write('GET / HTTP/1.0\r\n\r\n'));
    plain.on('error', () => undefined);
    plain.once('close', () => resolve());
    plain.resume();
  });
  assert.equal(await joinAt(standby, tokenOf(inviting, 'standby')), 'joined as standby');
  assert.ok((await inviting.ended).ok);
  chmodSync(`${main.places.etcDir}/identity.key`, 0o644);
  const exposed = await beginInviting(mainAnswers, main.around);
  assert.equal(exposed.ok ? 'began' : exposed.error.code, 'identity-exposed');
});

test('two commands at once on one machine: the second is told of the first, and changes nothing', async () => {
  const [main, standby] = machines();
  const inviting = await inviteAt(main);
  const second = await beginInviting(mainAnswers, main.around);
  assert.equal(second.ok ? '' : second.error.code, 'pairing-busy');
  assert.match(second.ok ? '' : second.error.message, /dualtone init, process \d+/);
  assert.equal(await joinAt(main, tokenOf(inviting, 'standby')), 'pairing-busy');
  assert.equal(await joinAt(standby, tokenOf(inviting, 'standby')), 'joined as standby');
  await inviting.ended;
  const third = await inviteAt(main);
  await third.cancel();
  await third.ended;
});

test('a person who ends `join` while it waits leaves nothing, and the token is still good', async () => {
  const [main, standby] = machines();
  const inviting = await inviteAt(main);
  const ending = new AbortController();
  const asked = {
    ...standby.around,
    confirm: async () => {
      ending.abort();
      return true;
    },
  };
  const joined = await joinWith(tokenOf(inviting, 'standby'), { ...standbyAnswers, signal: ending.signal }, asked);
  assert.equal(joined.ok ? '' : joined.error.code, 'pairing-connection-lost');
  assert.deepEqual(Object.keys(keysOf(standby)), ['identity.key']);
  assert.equal(await joinAt(standby, tokenOf(inviting, 'standby')), 'joined as standby');
  await inviting.ended;
});
