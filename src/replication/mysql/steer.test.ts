import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerId } from './dialect.ts';
import { parseMariadb } from './gtid.ts';
import { dialectOf } from './server-version.ts';
import { createAge, type ServerView, strayFault, viewMessage, viewOf, wantedLink } from './steer.ts';

const position = (log: string) => ({ executed: parseMariadb(log) ?? new Map(), log, followed: '' });

const view = (more: Partial<ServerView>): ServerView => ({
  kind: 'mariadb',
  title: 'MariaDB 10.11.19',
  position: position('1-1-5'),
  locked: true,
  holding: 0,
  unsettled: 0,
  offers: false,
  ...more,
});

const wanted = (serverId: ServerId, own: Partial<ServerView>, there: Partial<ServerView> | null) =>
  wantedLink({ serverId, own: view(own), there: there === null ? null : view(there), link: null });

test('who follows whom: only the passive node, and the main as long as something of the standby is not at home', () => {
  assert.equal(wanted(2, {}, { holding: 1 }), 'follow');
  assert.equal(wanted(2, {}, null), 'follow');
  assert.equal(wanted(2, { holding: 2, locked: false }, null), 'alone');
  assert.equal(wanted(2, { holding: 2 }, null), 'stay', 'what has come and is not applied would go with the link');
  assert.equal(
    wanted(2, { unsettled: 1 }, { holding: 3 }),
    'alone',
    'what it collected would be mixed with what comes',
  );
  assert.equal(wanted(1, { holding: 1, locked: false }, {}), 'alone');
  assert.equal(wanted(1, {}, { holding: 2, unsettled: 1 }), 'follow');
  assert.equal(wanted(1, { holding: 3, locked: false }, { unsettled: 1 }), 'follow', 'the last words of the standby');
  assert.equal(wanted(1, { holding: 1, locked: false }, { offers: true }), 'follow');
  assert.equal(wanted(1, {}, null), 'stay');
});

test('what only one side has stands in the way until a person lets it through, and no more than that', () => {
  const accepted = (text: string) => parseMariadb(text) ?? new Map();
  assert.equal(strayFault(position('1-1-5'), position('1-1-5,2-2-1'), new Map()), null);
  assert.match(
    strayFault(position('1-1-7'), position('1-1-5'), new Map())?.message ?? '',
    /2 transactions .*\(1:6-7\)/,
  );
  assert.equal(strayFault(position('1-1-7'), position('1-1-5'), accepted('1-1-7')), null);
  assert.match(strayFault(position('1-1-8'), position('1-1-5'), accepted('1-1-7'))?.message ?? '', /1 transaction /);
});

test("the other node's word is read, and nonsense is not", () => {
  const found = dialectOf('10.11.19-MariaDB');
  const dialect = found.ok ? found.value : assert.fail();
  const told = viewMessage(view({ holding: 3 })) as Record<string, unknown>;
  assert.deepEqual(viewOf(dialect, told)?.holding, 3);
  assert.equal(viewOf(dialect, { ...told, log: "1-1-1'; DROP" }), null);
  assert.equal(viewOf(dialect, { ...told, holding: -1 }), null);
  assert.equal(viewOf(dialect, { ...told, kind: 'oracle' }), null);
  assert.equal(viewOf(dialect, null), null);
  assert.equal(viewOf(dialect, { ...told, kind: 'mysql', log: 'x' })?.kind, 'mysql', 'another kind is told as such');
});

test('the age of a copy counts from when the original was asked, and no clock of a server moves it', () => {
  const age = createAge();
  assert.equal(age.at(1000), null);
  age.note(1000, true);
  age.note(2000, false);
  assert.equal(age.at(2500), 1500);
  age.forget();
  assert.equal(age.at(2500), null);
});
