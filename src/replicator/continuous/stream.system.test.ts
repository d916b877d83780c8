/** Both sides as the replicator composes them, with the guard, on two real servers; the way between them is a port of the loopback. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, startCluster } from '../../../test/postgres/cluster.ts';
import { type Config, configOf } from '../../agent/testing/config.ts';
import { ok } from '../../core/result.ts';
import { databaseForwardPort, localDatabase, readSecret } from '../../replication/access.ts';
import { must } from '../../replication/postgres/setup/testing/prepare.ts';
import type { Stream, StreamReporter } from '../../replication/stream.ts';
import { createTalk, type Talk } from '../../replication/talk.ts';
import { systemClock } from '../../time/clock.ts';
import { createDatabaseStream } from '../database/database-stream.ts';
import { createDatabaseGuard, type DatabaseGuard } from '../database/guard.ts';
import type { PeerWay } from '../peer-way.ts';
import type { Term } from '../protocol.ts';
import { type ChangeTeller, createChangeTeller } from '../reload/change-teller.ts';
import { databaseSetup, installChangeLog } from '../setup.ts';

const SOON_MS = 60_000;
/** As PostgreSQL comes: `wal_level` waits for a restart. */
const settings = { max_slot_wal_keep_size: '64MB', wal_retrieve_retry_interval: '500ms' };
const TABLES = `CREATE TABLE public.userfeatures (id int PRIMARY KEY, firstname text, enablednd int NOT NULL DEFAULT 0);
CREATE TABLE public.shapeless (a int, b json)`;

interface Node {
  readonly cluster: Cluster;
  readonly config: Config;
  readonly stream: Stream;
  readonly guard: DatabaseGuard;
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
}

/** Each says to the other what would go through both agents. */
const talks = (): Readonly<Record<'main' | 'standby', Talk>> => {
  const heardBy: Record<'main' | 'standby', (message: unknown) => void> = {
    main: () => undefined,
    standby: () => undefined,
  };
  const talkOf = (self: 'main' | 'standby', other: 'main' | 'standby'): Talk =>
    createTalk(
      {
        send: (message) => {
          setImmediate(() => heardBy[other](JSON.parse(JSON.stringify(message))));
          return true;
        },
        onMessage: (listener) => {
          heardBy[self] = listener;
        },
        onConnected: () => undefined,
      },
      systemClock,
    );
  return { main: talkOf('main', 'standby'), standby: talkOf('standby', 'main') };
};

const said: string[] = [];
const tellers: ChangeTeller[] = [];
/** The ports of the forwards are the servers' own. */
const way: PeerWay = {
  toDatabase: async () => ok(undefined),
  toMysql: async () => ok(undefined),
  renew: () => undefined,
  stop: async () => undefined,
};
const reporter: StreamReporter = { note: () => undefined, say: (level, code) => void said.push(`${level} ${code}`) };

let folder: string;
let main: Node;
let standby: Node;

const startNode = async (role: 'main' | 'standby', cluster: Cluster, otherPort: number, talk: Talk): Promise<Node> => {
  await cluster.query('CREATE DATABASE asterisk');
  await cluster.query(TABLES, undefined, 'asterisk');
  // The forward of this node is the other's own port.
  const listen = role === 'main' ? otherPort - 1 : otherPort - 2;
  const config = configOf(
    role,
    `listen: { port: ${listen} }
state-dir: ${folder}/${role}
streams:
  database: { mode: continuous, via: ssh, socket: ${cluster.socketDir}, port: ${cluster.port}, password-file: ${folder}/secret,
    status: [{ table: userfeatures, columns: [enablednd] }] }
`,
  );
  if (role === 'main') assert.equal(databaseForwardPort(config), otherPort);
  must(await must(await databaseSetup(config, false)).apply());
  if (role === 'standby') must(await installChangeLog(config));
  const teller = createChangeTeller(talk, systemClock);
  tellers.push(teller);
  const stream = createDatabaseStream({ config, talk, way, teller, clock: systemClock, reporter });
  const guard = createDatabaseGuard({
    collects: role === 'standby',
    access: () => ok(localDatabase(config, must(readSecret(config.streams.database.passwordFile)))),
    clock: systemClock,
    reporter,
  });
  stream.start();
  return { cluster, config, stream, guard, sql: async (text) => (await cluster.query(text, [], 'asterisk')).rows };
};

const tell = (node: Node, holding: number, highest: number, terms: readonly Term[] = []): void => {
  node.guard.set({ holding, highest }, terms);
  node.stream.setRight({ holding, highest });
};

const until = async (what: string, isSo: () => Promise<boolean> | boolean): Promise<void> => {
  const endsAt = performance.now() + SOON_MS;
  while (!(await isSo())) {
    if (performance.now() > endsAt) {
      const states = [main, standby].map(({ stream }) => JSON.stringify(stream.status()));
      throw new Error(`not within ${SOON_MS} ms: ${what}\n${states.join('\n')}\n${said.join()}`);
    }
    await pause(50);
  }
};

const nameOn = async (node: Node, id: number): Promise<unknown> =>
  (await node.sql(`SELECT firstname FROM public.userfeatures WHERE id = ${id}`))[0]?.['firstname'];

const isInStep = ({ stream }: Node) => stream.status().condition === 'in-step';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualtone-continuous-'));
  // As /var/lib is.
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'secret'), 'correct-horse-battery\n', { mode: 0o600 });
  const clusters = [await startCluster({ settings }), await startCluster({ settings })] as const;
  const talk = talks();
  main = await startNode('main', clusters[0], clusters[1].port, talk.main);
  standby = await startNode('standby', clusters[1], clusters[0].port, talk.standby);
});

after(async () => {
  for (const teller of tellers) teller.stop();
  for (const node of [main, standby]) {
    await node?.stream.stop();
    await node?.guard.stop();
    await node?.cluster.stop();
  }
  await rm(folder, { recursive: true, force: true });
});

test('as long as wal_level waits for a restart snapshots carry it; what waits is counted; nobody is alarmed', async () => {
  await main.sql(`INSERT INTO public.userfeatures VALUES (1, 'one', 0), (2, 'two', 0)`);
  tell(main, 2, 2);
  tell(standby, 0, 2);
  await until('a first snapshot', () => main.stream.status().lastSuccess !== null);
  assert.match(main.stream.status().text, /^by snapshots until PostgreSQL is restarted/);
  assert.equal(await nameOn(standby, 1), 'one');
  await main.sql(`UPDATE public.userfeatures SET firstname = 'later' WHERE id = 1`);
  await until('it is counted', () => (main.stream.status().pending?.count ?? 0) > 0);
  assert.equal(await nameOn(standby, 1), 'one');
  const run = { signal: new AbortController().signal, onProgress: () => undefined };
  must((await main.stream.run?.(run)) ?? assert.fail('no run'));
  assert.equal(await nameOn(standby, 1), 'later');
  assert.deepEqual(said, ['warning database-not-logical']);
});

test('after the restart what the serving main has is at the standby, and each change a moment later; both say so', async () => {
  await main.cluster.halt('fast');
  await main.cluster.startAgain();
  await until('both are in step', () => isInStep(main) && isInStep(standby));
  assert.doesNotMatch(main.stream.status().text, /snapshots/);
  await main.sql(`UPDATE public.userfeatures SET firstname = 'changed' WHERE id = 1`);
  const writtenAt = performance.now();
  await until('the change is there', async () => (await nameOn(standby, 1)) === 'changed');
  assert.ok(performance.now() - writtenAt < 20_000);
  assert.equal(main.stream.status().direction, 'out');
  assert.equal(standby.stream.status().direction, 'in');
});

test('on request both sides are compared; what differs is copied over, and what cannot follow is copied by a run', async () => {
  await main.sql(`INSERT INTO public.shapeless VALUES (1, '{"a": 1}')`);
  await standby.sql(`UPDATE public.userfeatures SET firstname = 'by a hand' WHERE id = 2`);
  const run = { signal: new AbortController().signal, onProgress: () => undefined };
  const done = must((await main.stream.run?.(run)) ?? assert.fail('no run'));
  assert.match(done.text, /`userfeatures` differed and was copied anew; both sides agree/);
  assert.match(done.warnings.map(({ message }) => message).join(), /`shapeless`/);
  assert.equal(await nameOn(standby, 2), 'two');
  assert.equal((await standby.sql('SELECT * FROM public.shapeless')).length, 1);
  assert.equal(standby.stream.run, null);
});

test('a standby that serves takes nothing in, and nothing overwrites what it collected until that is settled', async () => {
  tell(main, 0, 2);
  tell(standby, 3, 3);
  const subscribed = 'SELECT subenabled AS on FROM pg_subscription';
  await until('the subscription is off', async () => (await standby.sql(subscribed))[0]?.['on'] === false);
  await standby.sql(`UPDATE public.userfeatures SET enablednd = 1 WHERE id = 1`);
  await standby.sql(`INSERT INTO public.userfeatures VALUES (9, 'only here', 0)`);
  const term: Term = { epoch: 3, from: 1, to: 2, settled: false };
  tell(standby, 0, 4, [term]);
  tell(main, 4, 4);
  await main.sql(`UPDATE public.userfeatures SET firstname = 'of term four' WHERE id = 2`);
  await until('it is held back', () => standby.stream.status().condition === 'blocked');
  assert.equal(await nameOn(standby, 9), 'only here');
  assert.equal(await nameOn(standby, 2), 'two');
  assert.ok(Number((await standby.sql('SELECT count(*)::int AS n FROM dualtone.changes'))[0]?.['n']) >= 2);
  // The merge: what the user changed is home, the rest was refused.
  await main.sql(`UPDATE public.userfeatures SET enablednd = 1 WHERE id = 1`);
  tell(standby, 0, 4, [{ ...term, settled: true }]);
  await until('changes follow again', () => isInStep(main) && isInStep(standby));
  assert.equal(await nameOn(standby, 9), undefined);
  assert.equal(await nameOn(standby, 2), 'of term four');
});

test('set-up is undone while it follows, and nothing of Dualtone stays', async () => {
  for (const node of [standby, main]) {
    const outcome = must(await must(await databaseSetup(node.config, false)).undo());
    assert.deepEqual(outcome.left, []);
  }
  for (const node of [standby, main]) await node.stream.stop();
  for (const node of [standby, main]) {
    const left = await node.sql(`SELECT
      (SELECT count(*)::int FROM pg_subscription) + (SELECT count(*)::int FROM pg_publication)
      + (SELECT count(*)::int FROM pg_replication_slots) + (SELECT count(*)::int FROM pg_roles WHERE rolname = 'dualtone')
      + (SELECT count(*)::int FROM pg_trigger WHERE tgname LIKE 'dualtone%')
      + (SELECT count(*)::int FROM pg_namespace WHERE nspname = 'dualtone') AS n`);
    assert.equal(left[0]?.['n'], 0);
  }
});
