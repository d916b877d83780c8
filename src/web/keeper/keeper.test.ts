import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import { goodSnapshot } from '../../checks/testing/around.ts';
import { createJournal } from '../../journal/journal.ts';
import { openJournalReader } from '../../journal/reader.ts';
import type { LossView } from '../../replicator/protocol.ts';
import type { WebCommand } from '../contract.ts';
import type { JournalQuery } from '../wire.ts';
import { createJournalSearch } from './journal-search.ts';
import { createLimiter, networkOf } from './limiter.ts';
import { hashPassword, isPassword } from './password.ts';
import { previewOf } from './preview.ts';
import { readFromServer } from './read-asked.ts';
import { createSessions } from './sessions.ts';
import { createUsers } from './users.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-keeper-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a password proves itself, another does not, and nobody takes as long', async () => {
  const hash = await hashPassword('correct horse battery');
  assert.ok(await isPassword('correct horse battery', hash));
  assert.ok(!(await isPassword('correct horse batterz', hash)));
  assert.ok(!(await isPassword('correct horse battery', null)));
  assert.ok(!(await isPassword('x'.repeat(300), hash)));
  // Composed and decomposed letters are the same word.
  const accented = await hashPassword('mot de passe cass\u00e9');
  assert.ok(await isPassword('mot de passe casse\u0301', accented));
});

test('users: names, passwords and roles are checked before anything is written', async () => {
  const users = createUsers(join(folder, 'web', 'users.json'));
  const code = async (done: ReturnType<typeof users.addUser>): Promise<string> => {
    const result = await done;
    return result.ok ? 'ok' : result.error.code;
  };
  assert.equal(await code(users.addUser('Anna\n', 'admin', 'long enough word', 1)), 'user-name');
  assert.equal(await code(users.addUser('anna', 'admin', 'short', 1)), 'password-too-short');
  assert.equal(await code(users.addUser('anna', 'admin', 'x'.repeat(300), 1)), 'password-too-long');
  assert.equal(await code(users.addUser('anna', 'admin', 'long enough word', 1)), 'ok');
  assert.equal(await code(users.addUser('anna', 'view', 'long enough word', 1)), 'user-exists');
  assert.equal(await code(users.setPassword('boris', 'long enough word', 1)), 'no-such-user');
  const listed = users.list();
  assert.deepEqual(listed.ok ? listed.value.users : [], [{ name: 'anna', role: 'admin', createdAt: 1 }]);
});

test('a damaged file of users opens nothing and says so', () => {
  const path = join(folder, 'users.json');
  writeFileSync(path, '{"version":1,"users":[{"name":"anna","role":"god"}]}');
  const found = createUsers(path).user('anna');
  assert.equal(found.ok ? '' : found.error.code, 'web-file-damaged');
});

test('logins survive a restart, end in time, and not later when the clock goes back', () => {
  const path = join(folder, 'sessions.json');
  const { secret } = createSessions(path, 1000).begin('anna', 100_000);
  const again = createSessions(path, 1000);
  assert.equal(again.find(secret, 100_500)?.user, 'anna');
  assert.equal(again.find(secret, 101_000), null);
  assert.equal(again.find(secret, 30_000), null);
});

test('one user has so many logins, and the oldest goes', () => {
  const sessions = createSessions(join(folder, 'sessions.json'), 1_000_000);
  const secrets = Array.from({ length: 25 }, (_, index) => sessions.begin('anna', 1000 + index).secret);
  const alive = secrets.filter((secret) => sessions.find(secret, 2000) !== null);
  assert.deepEqual(alive, secrets.slice(-20));
});

test('the limiter forgets nobody within its window, and keeps no more than it may', () => {
  const limiter = createLimiter(3, 1000, 100);
  assert.deepEqual(
    [0, 1, 2, 3].map((at) => limiter.take('a', at)),
    [0, 0, 0, 997],
  );
  assert.equal(limiter.take('a', 1001), 0);
  for (let key = 0; key < 1000; key += 1) assert.equal(limiter.take(`k${key}`, 1002), 0);
});

test('all addresses of one IPv6 network count as one', () => {
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2::9'));
  assert.notEqual(networkOf('2001:db8:1:2::9'), networkOf('2001:db8:1:3::9'));
  assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('10.0.0.1'), '10.0.0.1');
});

test('whatever the server says, the keeper takes what is well formed or nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(readFromServer(value), null);
    }),
  );
  const ask = { type: 'ask', id: '1', credential: null, address: '10.0.0.1', ask: { name: 'who' } };
  assert.ok(readFromServer(ask));
  for (const wrong of [{ address: 'a\nb' }, { id: 1 }, { ask: { name: 'shell' } }, { more: 1 }, { credential: 'x' }])
    assert.equal(readFromServer({ ...ask, ...wrong }), null);
});

const loss: LossView = { move: 'takeover', exceedsLimit: true, text: 'Three.', items: [] };
const standby = { server: 'other', epoch: 3, lease: { name: 'none', leftMs: null, heldOpen: false } } as const;
const silent = { ...goodSnapshot.other, heardMsAgo: 60_000 };

const previews: readonly (readonly [WebCommand, Partial<typeof goodSnapshot>, string, unknown])[] = [
  [{ name: 'switchover' }, {}, 'moves-service', 'standby'],
  [{ name: 'switchover' }, { other: { ...goodSnapshot.other, well: false } }, 'would-be-refused', null],
  [{ name: 'failback' }, {}, 'nothing-to-do', null],
  [{ name: 'failback' }, standby, 'moves-service', 'main'],
  [{ name: 'takeover' }, {}, 'nothing-to-do', null],
  [{ name: 'takeover' }, { ...standby, server: 'nobody', other: silent }, 'starts-service', 'main'],
  [{ name: 'start' }, {}, 'would-be-refused', null],
  [{ name: 'start' }, { ...standby, mode: 'manual' }, 'moves-service', 'main'],
  [{ name: 'stop' }, { mode: 'manual' }, 'stops-service', null],
  [{ name: 'mode', mode: 'automatic' }, {}, 'nothing-to-do', null],
  [{ name: 'mode', mode: 'manual' }, {}, 'changes-orders', null],
];

for (const [command, change, code, serves] of previews) {
  test(`preview: ${command.name} ${JSON.stringify(change).slice(0, 50)} ${code}`, () => {
    const told = previewOf(command, { ...goodSnapshot, ...change }, loss);
    assert.equal(told.code, code, told.text);
    assert.equal(told.serves, serves);
    assert.equal(told.needsAcceptLoss, serves !== null && command.name !== 'start');
  });
}

test('preview: nothing but a name typed by a person tells a dead node from a cut cable', () => {
  const alone = { ...goodSnapshot, server: 'nobody', other: silent, mode: 'manual' } as const;
  assert.equal(previewOf({ name: 'start' }, alone, null).needsConfirm, 'pbx2');
  assert.equal(previewOf({ name: 'takeover' }, { ...alone, mode: 'automatic' }, null).needsConfirm, null);
});

/** As the command line exports it. */
const exportOf = (path: string): Iterable<string> => {
  const reader = openJournalReader(path);
  assert.ok(reader.ok);
  return reader.value.export();
};

const query = (change: Partial<JournalQuery> = {}): JournalQuery => ({
  before: null,
  after: null,
  since: null,
  until: null,
  kinds: [],
  search: '',
  limit: 100,
  ...change,
});

test('the journal: pages from the newest cover it without gap or repetition, filters hold, an export proves itself', async () => {
  const path = join(folder, 'journal');
  const journal = createJournal({ path, maxAgeMs: 1e12, maxSizeBytes: 2 ** 26, memoryEntries: 10_000 });
  for (let index = 1; index <= 5000; index += 1) {
    const kind = index % 10 === 0 ? 'step' : 'decision';
    journal.append({
      wall: 1_000_000 + index,
      at: index,
      epoch: 2,
      kind,
      reasons: [],
      data: { index, text: `Call ${index}` },
    });
  }
  journal.close();
  const search = createJournalSearch(path);
  const seen: number[] = [];
  for (let before: number | null = null; ; ) {
    const page = await search.page(query({ before, limit: 500, kinds: ['step'] }));
    assert.ok(page.ok, page.ok ? '' : page.error.message);
    seen.push(...page.value.entries.map(({ seq }) => seq));
    before = page.value.nextBefore;
    if (before === null) break;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, index) => 5000 - 10 * index),
  );
  const found = await search.page(query({ search: 'CALL 1234"' }));
  assert.deepEqual(found.ok ? found.value.entries.map(({ seq }) => seq) : [], [1234]);
  const late = await search.page(query({ since: 1_004_990, until: 1_004_995 }));
  assert.equal(late.ok ? late.value.entries.length : 0, 6);
  const lines: string[] = [];
  for (let after: number | null = null; ; ) {
    const page = await search.export(query({ after }));
    assert.ok(page.ok, page.ok ? '' : page.error.message);
    lines.push(...page.value.lines);
    after = page.value.next;
    if (after === null) break;
  }
  assert.deepEqual(lines, [...exportOf(path)]);
  const proof = await search.verify();
  assert.equal(proof.ok && proof.value.ok, true);
});
