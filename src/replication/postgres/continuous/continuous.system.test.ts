import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chosenMajors } from '../../../../test/postgres/versions.ts';
import { connectDatabase } from '../connection.ts';
import { must } from '../setup/testing/prepare.ts';
import { compareFollowed } from './compare.ts';
import { createContinuousReceiver, type ReceiverState } from './receiver.ts';
import { type Pair, pairRules, startPair, until, WEIRD } from './testing/pair.ts';

/** Generous: machines that run tests are busy. What matters is that it happens. */
const SOON_MS = 60_000;

for (const version of chosenMajors())
  describe(`PostgreSQL ${version}`, () => {
    let pair: Pair;
    before(async () => {
      pair = await startPair(version);
    });
    after(async () => {
      await pair?.main.db.close();
      await pair?.stop();
    });
    const never = new AbortController().signal;
    const step = async (): Promise<ReceiverState> => must(await pair.receiver.step(2));
    const step4 = async (): Promise<ReceiverState> => must(await pair.receiver.step(4));
    const both = async (query: string): Promise<readonly [string, string]> => [
      JSON.stringify(await pair.main.sql(query)),
      JSON.stringify(await pair.standby.sql(query)),
    ];
    const agree = (query: string): Promise<void> =>
      until(`both sides agree: ${query}`, SOON_MS, async () => {
        const [main, standby] = await both(query);
        return main === standby;
      });
    const settle = async (condition: ReceiverState['condition']): Promise<ReceiverState> => {
      let last = await step();
      await until(`the receiver is ${condition}`, SOON_MS, async () => {
        if (last.condition === condition) return true;
        must(await pair.sender.beat(pair.main.db));
        last = await step();
        return last.condition === condition;
      });
      return last;
    };

    test('begins with a copy and follows every change from there, with a writer in the middle of it', async () => {
      assert.equal((await step()).condition, 'waiting');
      // As in service: the heart beats long before anybody follows.
      must(await pair.sender.beat(pair.main.db));
      const offer = must(await pair.sender.offer(pair.main.db));
      assert.equal(offer.tables, 7);
      assert.match(
        offer.refused.map(({ message }) => message).join(),
        /`shapeless` has no primary key, and its column `b` \(json\) cannot be compared/,
      );
      const writing = new AbortController();
      const enough = writing.signal;
      const writer = (async () => {
        for (let n = 1000; !enough.aborted; n += 1) {
          await pair.main.sql('INSERT INTO public.userfeatures (id, firstname) VALUES ($1, $2)', [n, `during ${n}`]);
          await pair.main.sql('UPDATE public.userfeatures SET firstname = firstname || $1 WHERE id <= 3', ['+']);
        }
      })();
      const begun = await step();
      writing.abort();
      await writer;
      assert.match(begun.text, /Copied anew, since it is the first time/);
      await pair.main.sql(
        `UPDATE public.userfeatures SET kind = 'queue', options = '{a,"b,c"}', "call-limit" = 7 WHERE id = 5`,
      );
      await pair.main.sql('DELETE FROM public.userfeatures WHERE id = 6');
      await pair.main.sql(`INSERT INTO public.queuemember VALUES ('COPYshop', 'PJSIP/1', 1)`);
      await pair.main.sql(`UPDATE public.queuemember SET interface = 'PJSIP/2'`);
      await pair.main.sql(`INSERT INTO public.loose VALUES (1, 'x'), (1, 'y'), (NULL, NULL)`);
      await pair.main.sql(`UPDATE public.loose SET b = 'z' WHERE b = 'y'`);
      await pair.main.sql(
        `INSERT INTO public.indexed VALUES (1, 'x'), (2, 'y'); UPDATE public.indexed SET b = 'z' WHERE a = 2; DELETE FROM public.indexed WHERE a = 1`,
      );
      await pair.main.sql(`INSERT INTO public.${WEIRD} VALUES (1, 'x')`);
      await pair.main.sql(`UPDATE public.${WEIRD} SET "a""b'$d$\n;" = 'y'`);
      for (const table of ['userfeatures ORDER BY id', 'queuemember', 'loose ORDER BY a, b', 'indexed', WEIRD])
        await agree(`SELECT * FROM public.${table}`);
      assert.equal((await settle('in-step')).fault, null);
    });

    test('a table that is emptied is copied over, and no reader waits for it', async () => {
      const reader = await pair.standby.cluster.connect({ database: 'asterisk' });
      try {
        await reader.query('BEGIN; SELECT * FROM public.loose');
        await pair.main.sql('TRUNCATE public.loose');
        await until('it is copied anew', SOON_MS, async () => /emptied/.test((await step()).text));
        await agree('SELECT * FROM public.loose');
        assert.deepEqual(await pair.standby.sql('SELECT * FROM public.loose'), []);
      } finally {
        await reader.end();
      }
      await settle('in-step');
    });

    test("each node's own columns, rows and tables stay; the rest of those rows follows", async () => {
      await pair.main.sql(`UPDATE public.provisioning SET port = 81, net4_ip = 'main'`);
      await pair.main.sql(`UPDATE public.accesswebservice SET passwd = 'main'`);
      await pair.main.sql(
        `INSERT INTO public.accesswebservice VALUES (3, 'new', 'p'); INSERT INTO public.netiface (ifname) VALUES ('eth0'); INSERT INTO public.cel (what) VALUES ('x')`,
      );
      await agree('SELECT * FROM public.accesswebservice WHERE id > 1 ORDER BY id');
      await agree('SELECT port FROM public.provisioning');
      assert.deepEqual(await pair.standby.sql('SELECT net4_ip FROM public.provisioning'), [{ net4_ip: 'standby' }]);
      assert.deepEqual(await pair.standby.sql('SELECT passwd FROM public.accesswebservice WHERE id = 1'), [
        { passwd: 'standby' },
      ]);
      await pair.main.sql('TRUNCATE public.accesswebservice; DELETE FROM public.userfeatures WHERE id = 7');
      await until('it is copied anew', SOON_MS, async () => /emptied/.test((await step()).text));
      await agree('SELECT id FROM public.userfeatures ORDER BY id');
      await agree('SELECT * FROM public.accesswebservice WHERE id > 1');
      assert.equal((await pair.standby.sql('SELECT id FROM public.accesswebservice WHERE id = 1')).length, 1);
      assert.deepEqual(await pair.standby.sql('SELECT * FROM public.netiface UNION ALL SELECT * FROM public.cel'), []);
    });

    test('numbers of sequences stay ahead of what the main has given out', async () => {
      await pair.main.sql(`SELECT nextval('public.userfeatures_id_seq') FROM generate_series(1, 5000)`);
      await settle('in-step');
      const [main] = await pair.main.sql(`SELECT nextval('public.userfeatures_id_seq')::int AS n`);
      const [standby] = await pair.standby.sql(`SELECT last_value::int AS n FROM public.userfeatures_id_seq`);
      assert.ok(Number(standby?.['n']) >= Number(main?.['n']), JSON.stringify({ main, standby }));
    });

    test('a schema that changes on one node pauses it in plain words; on both it goes on by itself', async () => {
      await pair.main.sql(
        `ALTER TABLE public.queuemember ADD COLUMN state text DEFAULT 'free'; ALTER TYPE public.kind ADD VALUE 'group'`,
      );
      const paused = await step();
      assert.equal(paused.condition, 'blocked');
      assert.match(paused.text, /Paused until both schemas agree: .*`state`/);
      await pair.main.sql(`UPDATE public.queuemember SET state = 'busy'`);
      await pair.standby.sql(
        `ALTER TABLE public.queuemember ADD COLUMN state text DEFAULT 'free'; ALTER TYPE public.kind ADD VALUE 'group'`,
      );
      assert.match((await step()).text, /the schema has changed on both nodes/);
      await agree('SELECT * FROM public.queuemember');
      await pair.main.sql('CREATE TABLE public.fresh (id int PRIMARY KEY); INSERT INTO public.fresh VALUES (1)');
      await pair.standby.sql('CREATE TABLE public.fresh (id int PRIMARY KEY)');
      must(await pair.sender.offer(pair.main.db));
      assert.match((await step()).text, /other tables follow than before/);
      await agree('SELECT * FROM public.fresh');
      await settle('in-step');
    });

    test('a row that stands in the way is copied over', async () => {
      await pair.standby.sql(`INSERT INTO public.fresh VALUES (2)`);
      await pair.main.sql(`INSERT INTO public.fresh VALUES (2), (3)`);
      await until('the change has come through', 3 * SOON_MS, async () => {
        await step();
        const [main, standby] = await both('SELECT * FROM public.fresh ORDER BY id');
        return main === standby;
      });
      await settle('in-step');
    });

    test('a comparison while changes follow proves that both agree, and finds what was changed behind its back', async () => {
      const beating = new AbortController();
      const heart = (async () => {
        for (let n = 0; !beating.signal.aborted; n += 1) {
          must(await pair.sender.beat(pair.main.db));
          await pair.main.sql(`UPDATE public.userfeatures SET "call-limit" = $1 WHERE id = 11`, [n]);
        }
      })();
      const compare = async () =>
        must(
          await compareFollowed(
            {
              source: pair.main.db.access,
              target: pair.standby.db.access,
              schema: 'public',
              rules: pairRules,
              sourceNode: 'main',
              catchUpMs: SOON_MS,
            },
            { signal: never, onProgress: () => undefined },
          ),
        );
      const fine = await compare();
      assert.deepEqual(fine.differing, []);
      assert.deepEqual(
        fine.refused.map(({ table }) => table),
        ['shapeless'],
      );
      await pair.standby.sql(`UPDATE public.queuemember SET penalty = penalty + 1`);
      assert.deepEqual((await compare()).differing, ['queuemember']);
      beating.abort();
      await heart;
      pair.receiver.again('a comparison found differences');
      assert.match((await step()).text, /a comparison found differences/);
      await agree('SELECT * FROM public.queuemember');
      await settle('in-step');
    });

    test('the main away: told at once; back again: it goes on where it was', async () => {
      await pair.main.db.close();
      await pair.main.cluster.halt('immediate');
      const away = await step();
      assert.equal(away.condition, 'behind');
      assert.notEqual(away.fault, null);
      await pair.main.cluster.startAgain();
      pair = {
        ...pair,
        main: {
          ...pair.main,
          db: must(await connectDatabase(pair.main.db.access, never)),
        },
      };
      await pair.main.sql(`UPDATE public.userfeatures SET firstname = 'after' WHERE id = 8`);
      await agree('SELECT firstname FROM public.userfeatures WHERE id = 8');
      assert.equal((await settle('in-step')).copied, null);
    });

    test('a place that the main has given up is begun anew; its disk was never held', async () => {
      must(await pair.receiver.disable());
      await pair.main.cluster.query(`ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'`);
      await pair.main.cluster.query(`ALTER SYSTEM SET max_wal_size = '32MB'`);
      await pair.main.cluster.query('SELECT pg_reload_conf()');
      await until('the slot is lost', SOON_MS, async () => {
        await pair.main.sql(`INSERT INTO public.cel (what) SELECT repeat('x', 1000) FROM generate_series(1, 5000)`);
        await pair.main.cluster.query('SELECT pg_switch_wal(); CHECKPOINT');
        const slots = await pair.main.sql(
          `SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'dualtone_standby'`,
        );
        return slots[0]?.['wal_status'] === 'lost';
      });
      assert.match((await step()).text, /away for longer/);
      await pair.main.sql(`UPDATE public.userfeatures SET firstname = 'anew' WHERE id = 9`);
      await agree('SELECT firstname FROM public.userfeatures WHERE id = 9');
      await settle('in-step');
    });

    test('a way that leads nowhere is told; nothing is left behind, and it rests before the next try', async () => {
      // By another name of the host, so that it begins anew.
      const way = { ...pair.receiverOptions.way, host: 'localhost', password: 'wrong-password' };
      const other = must(await createContinuousReceiver({ ...pair.receiverOptions, way }, never));
      try {
        const refused = await other.step(2);
        assert.match(refused.ok ? refused.value.text : refused.error.message, /password authentication failed/);
        assert.ok(!JSON.stringify(refused).includes('wrong-password'));
        assert.deepEqual(await pair.main.sql('SELECT slot_name FROM pg_replication_slots'), []);
        assert.match(must(await other.step(2)).text, /the last try failed/);
      } finally {
        await other.close();
      }
      assert.match((await step()).text, /Copied anew/);
      await settle('in-step');
    });

    test('at takeover nothing comes in any more, at once, and the telephone system waits for nothing', async () => {
      const startedAt = performance.now();
      must(await pair.standby.db.query('SELECT dualtone.serve(3, true)'));
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs < 2000, `${tookMs} ms`);
      const before = await pair.standby.sql('SELECT * FROM public.userfeatures WHERE id = 10');
      await pair.main.sql(`UPDATE public.userfeatures SET firstname = 'too late' WHERE id = 10`);
      assert.deepEqual(await pair.standby.sql('SELECT subenabled FROM pg_subscription'), [{ subenabled: false }]);
      assert.equal((await step()).condition, 'blocked');
      assert.deepEqual(await pair.standby.sql('SELECT * FROM public.userfeatures WHERE id = 10'), before);
    });

    test('what it changed while it served is copied over once that is merged, and changes follow again', async () => {
      await pair.standby.sql(`UPDATE public.userfeatures SET firstname = 'of the standby' WHERE id = 12`);
      must(await pair.standby.db.query('SELECT dualtone.rest(4)'));
      assert.equal((await step4()).condition, 'blocked');
      must(await pair.standby.db.query('SELECT dualtone.set_unmerged(NULL)'));
      assert.match((await step4()).text, /this node has served meanwhile/);
      await agree('SELECT firstname FROM public.userfeatures ORDER BY id');
      await pair.main.sql(`UPDATE public.userfeatures SET firstname = 'again' WHERE id = 13`);
      await agree('SELECT firstname FROM public.userfeatures ORDER BY id');
    });

    test('it is taken away cleanly with the other node dead, and the other removes what is left', async () => {
      const passfile = join(pair.receiverOptions.way.directory, 'peer.pgpass');
      assert.equal((await stat(passfile)).mode & 0o777, 0o600);
      assert.ok(
        !JSON.stringify(await pair.standby.sql('SELECT subconninfo FROM pg_subscription')).includes(
          pair.receiverOptions.way.password,
        ),
      );
      await pair.main.db.close();
      await pair.main.cluster.halt('immediate');
      assert.equal(must(await pair.receiver.remove()), false);
      assert.deepEqual(await pair.standby.sql('SELECT subname FROM pg_subscription'), []);
      assert.deepEqual(
        await pair.standby.sql(`SELECT relname FROM pg_class WHERE relreplident NOT IN ('d', 'n') AND relkind = 'r'`),
        [],
      );
      assert.deepEqual(await pair.standby.sql(`SELECT tgname FROM pg_trigger WHERE tgname = 'dualtone_keep'`), []);
      await assert.rejects(readFile(passfile));
      await pair.main.cluster.startAgain();
      const db = must(await connectDatabase(pair.main.db.access, never));
      assert.equal(must(await pair.sender.rest(db)), 1);
      must(await pair.sender.remove(db));
      await db.close();
      assert.deepEqual(await pair.main.sql('SELECT slot_name FROM pg_replication_slots'), []);
      assert.deepEqual(await pair.main.sql('SELECT pubname FROM pg_publication'), []);
      assert.deepEqual(await pair.main.sql(`SELECT tgname FROM pg_trigger WHERE tgname LIKE 'dualtone%'`), []);
      assert.deepEqual(
        await pair.main.sql(`SELECT relname FROM pg_class WHERE relreplident NOT IN ('d', 'n') AND relkind = 'r'`),
        [],
      );
    });
  });
