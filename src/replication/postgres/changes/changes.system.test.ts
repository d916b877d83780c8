import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { type Cluster, startCluster } from '../../../../test/postgres/cluster.ts';
import { chosenMajors } from '../../../../test/postgres/versions.ts';
import { readCatalog } from '../catalog.ts';
import type { Database } from '../connection.ts';
import { planCopy } from '../rules.ts';
import { type Admin, createAdmin } from '../setup/admin.ts';
import {
  createTelephoneDatabase,
  must,
  openDatabase,
  openSetup,
  refusal,
  setupOptions,
} from '../setup/testing/prepare.ts';
import { forgetChanges, readChanges } from './log.ts';
import { createChangeTriggers, loggedTables } from './triggers.ts';

const rules = { exclude: ['netiface'], keepColumns: [], keepRows: [], status: [], events: [] };

for (const version of chosenMajors())
  describe(`PostgreSQL ${version}`, () => {
    let cluster: Cluster;
    let db: Database;
    let admin: Admin;
    let telephone: Client;
    before(async () => {
      cluster = await startCluster({ version });
      await createTelephoneDatabase(cluster);
      must(await (await openSetup(cluster)).apply());
      db = await openDatabase(cluster);
      admin = createAdmin(setupOptions(cluster).admin);
      telephone = await cluster.connect({ database: 'asterisk', user: 'asterisk', password: 'proformatique' });
    });
    after(async () => {
      await telephone?.end();
      await db?.close();
      await cluster?.stop();
    });
    const install = async () => {
      const plan = planCopy(must(await readCatalog(db, 'public')), rules);
      return must(await createChangeTriggers(admin, 'public').act(loggedTables(plan)));
    };
    const readAll = async (since = 0) => must(await readChanges(db, since));
    const clear = async (): Promise<number> => {
      const { untilSeq } = await readAll();
      must(await db.run('DELETE FROM dualtone.changes WHERE seq <= $1::bigint', [untilSeq]));
      return untilSeq;
    };

    test('triggers are made on copied tables, remade where they were lost, removed with the rule', async () => {
      assert.deepEqual((await install()).made.toSorted(), ['loose', 'queuemember', 'userfeatures']);
      assert.deepEqual(await install(), { made: [], removed: [], failed: [] });
      await telephone.query('ALTER TABLE public.loose DISABLE TRIGGER dualtone_log');
      await telephone.query('DROP TRIGGER dualtone_log_truncate ON public.queuemember');
      await cluster.query(`CREATE TABLE public."new; ""one" ("a'b" int PRIMARY KEY)`, [], 'asterisk');
      assert.deepEqual((await install()).made.toSorted(), ['loose', 'new; "one', 'queuemember']);
      const triggers = createChangeTriggers(admin, 'public');
      // A long writer: its table is left for the next time, the others are done.
      await telephone.query(`BEGIN; UPDATE public.userfeatures SET enablednd = 1 WHERE id = 1`);
      const kept = must(await triggers.act([{ name: 'queuemember', key: ['queue_name', 'interface'] }]));
      assert.deepEqual(kept.removed.toSorted(), ['loose', 'new; "one']);
      assert.deepEqual(
        kept.failed.map(({ table }) => table),
        ['userfeatures'],
      );
      await telephone.query('ROLLBACK');
      await cluster.query('DROP TABLE public."new; ""one"', [], 'asterisk');
      assert.deepEqual((await install()).made.toSorted(), ['loose']);
    });

    test('local writes are logged with before and after, replicated ones and those of a quiet guard are not', async () => {
      await telephone.query('UPDATE public.userfeatures SET enablednd = 1 WHERE id = 1');
      assert.deepEqual((await readAll()).changes, []);
      must(await db.query('SELECT dualtone.keep_log(true)'));
      must(await db.query('SELECT dualtone.serve(7, true)'));
      await telephone.query(
        `UPDATE public.userfeatures SET firstname = 'Ä"\\', "call-limit" = 3, options = '{a,"b c"}' WHERE id = 2`,
      );
      await telephone.query('UPDATE public.userfeatures SET enablednd = enablednd WHERE id = 3');
      await telephone.query(`INSERT INTO public.queuemember VALUES ('COPYshop', 'PJSIP/1', 2)`);
      await telephone.query(`UPDATE public.queuemember SET interface = 'PJSIP/2' WHERE queue_name = 'COPYshop'`);
      await telephone.query(`INSERT INTO public.loose VALUES (1, 'x')`);
      await telephone.query('DELETE FROM public.userfeatures WHERE id = 20');
      await telephone.query('TRUNCATE public.loose');
      await telephone.query(`INSERT INTO public.netiface (ifname) VALUES ('eth9')`);
      must(await db.query('BEGIN'));
      must(await db.query('SELECT dualtone.begin_merge()'));
      must(await db.query('DELETE FROM public.userfeatures WHERE id = 19'));
      must(await db.query('COMMIT'));
      const { changes, missed } = await readAll();
      assert.equal(missed, 0);
      assert.deepEqual(
        changes.map(({ table, op, key }) => [table, op, key === null ? null : (JSON.parse(key) as unknown)]),
        [
          ['userfeatures', 'update', { id: 2 }],
          ['queuemember', 'insert', { queue_name: 'COPYshop', interface: 'PJSIP/1' }],
          ['queuemember', 'update', { queue_name: 'COPYshop', interface: 'PJSIP/1' }],
          ['loose', 'insert', {}],
          ['userfeatures', 'delete', { id: 20 }],
          ['loose', 'truncate', null],
        ],
      );
      const [first] = changes;
      assert.ok(
        first !== undefined &&
          first.epoch === 7 &&
          first.serving &&
          first.whole &&
          Math.abs(first.at - Date.now()) < 60_000,
      );
      const back = await cluster.query(
        `SELECT u = jsonb_populate_record(NULL::public.userfeatures, $1::jsonb) AS same FROM public.userfeatures u WHERE id = 2`,
        [first.after],
        'asterisk',
      );
      assert.deepEqual(back.rows, [{ same: true }]);
      assert.equal((JSON.parse(first.before ?? '{}') as Record<string, unknown>)['firstname'], 'user 2');
      await clear();
      assert.deepEqual((await readAll()).changes, []);
    });

    test('no entry of a slow transaction is passed over', async () => {
      await clear();
      await telephone.query(`BEGIN; UPDATE public.userfeatures SET firstname = 'slow' WHERE id = 4`);
      const other = await cluster.connect({ database: 'asterisk', user: 'asterisk', password: 'proformatique' });
      await other.query(`UPDATE public.userfeatures SET firstname = 'quick' WHERE id = 5`);
      await other.end();
      const busy = await readChanges(db, 0, { waitMs: 200 });
      assert.equal(busy.ok ? 'read' : busy.error.code, 'database-changes-busy');
      const reading = readChanges(db, 0, { waitMs: 10_000 });
      await telephone.query('COMMIT');
      assert.deepEqual(
        must(await reading).changes.map(
          ({ after }) => (JSON.parse(after ?? '{}') as Record<string, unknown>)['firstname'],
        ),
        ['slow', 'quick'],
      );
      const limited = must(await readChanges(db, 0, { limit: 1 }));
      assert.deepEqual([limited.changes.length, limited.more], [1, true]);
      const rest = must(await readChanges(db, limited.untilSeq));
      assert.deepEqual([rest.changes.length, rest.more], [1, false]);
    });

    test("its own failure never touches the telephone system's write, and is counted", async () => {
      await clear();
      const already = (await readAll()).missed;
      const huge = 'x'.repeat(3_000_000);
      await telephone.query(`INSERT INTO public.loose VALUES (2, $1)`, [huge]);
      assert.deepEqual(
        (await readAll()).changes.map(({ whole, before, after, key }) => [whole, before, after, key]),
        [[false, null, null, '{}']],
      );
      await cluster.query('ALTER TABLE dualtone.changes ADD CONSTRAINT broken CHECK (false) NOT VALID', [], 'asterisk');
      await telephone.query(`UPDATE public.userfeatures SET firstname = 'still' WHERE id = 6`);
      await cluster.query('ALTER TABLE dualtone.changes DROP CONSTRAINT broken', [], 'asterisk');
      await cluster.query('UPDATE dualtone.guard SET log_limit_bytes = 0', [], 'asterisk');
      await telephone.query(`UPDATE public.userfeatures SET firstname = 'full' WHERE id = 6`);
      await cluster.query('UPDATE dualtone.guard SET log_limit_bytes = 2147483648', [], 'asterisk');
      const { changes, missed } = await readAll();
      assert.deepEqual([changes.length, missed - already], [1, 2]);
      // A caller who shadows what the function uses gets nothing by it.
      const hostile =
        'CREATE SCHEMA evil; CREATE FUNCTION evil.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$';
      await cluster.query(`${hostile}; GRANT USAGE ON SCHEMA evil TO asterisk`, undefined, 'asterisk');
      await telephone.query('SET search_path = evil, pg_catalog, public');
      await telephone.query(`UPDATE public.userfeatures SET firstname = 'whole' WHERE id = 6`);
      await telephone.query('RESET search_path');
      assert.match((await readAll()).changes.at(-1)?.after ?? '', /whole/);
      assert.match((await refusal(telephone.query('SELECT * FROM dualtone.changes'))) ?? 'read', /permission denied/);
    });

    test('what is home goes, a few at a time; the last minute of a passive node stays', async () => {
      await clear();
      must(await db.query('SELECT dualtone.serve(9, true)'));
      for (const name of ['a', 'b', 'c'])
        await telephone.query(`UPDATE public.userfeatures SET firstname = '${name}' WHERE id = 7`);
      must(await db.query('SELECT dualtone.rest(10)'));
      await telephone.query(`UPDATE public.userfeatures SET firstname = 'resting' WHERE id = 7`);
      assert.equal(must(await forgetChanges(db, 2)), 2);
      assert.equal(must(await forgetChanges(db, 2)), 1);
      assert.equal(must(await forgetChanges(db, 2)), 0);
      assert.deepEqual(
        (await readAll()).changes.map(({ epoch, serving }) => [epoch, serving]),
        [[10, false]],
      );
      await cluster.query(`UPDATE dualtone.changes SET at = at - interval '2 minutes'`, undefined, 'asterisk');
      assert.equal(must(await forgetChanges(db, 2)), 1);
    });

    test("a hostile name or type of the telephone system's gets nothing by it, and takes nothing from the others", async () => {
      await clear();
      await cluster.query('GRANT CREATE ON SCHEMA public TO asterisk', [], 'asterisk');
      const names = ['x$d$;ALTER ROLE asterisk SUPERUSER;--', 'a\ntrue b', "-rf '); \\! id", 'COPY "x" FROM stdin;'];
      const quoted = names.map((name) => `public."${name.replaceAll('"', '""')}"`);
      for (const name of quoted) await telephone.query(`CREATE TABLE ${name} ("a'""$d$" int PRIMARY KEY, v text)`);
      const isSuper = async (): Promise<unknown> =>
        (await cluster.query(`SELECT rolsuper FROM pg_roles WHERE rolname = 'asterisk'`)).rows[0]?.['rolsuper'];
      assert.deepEqual((await install()).made.toSorted(), names.toSorted());
      // One that cannot be had now, whose name would pass for an answer about another.
      await telephone.query(`BEGIN; INSERT INTO ${quoted[1]} VALUES (1, 'x')`);
      const kept = must(await createChangeTriggers(admin, 'public').act([]));
      assert.deepEqual(
        kept.failed.map(({ table }) => table),
        [names[1]],
      );
      await telephone.query('ROLLBACK');
      await install();
      const cast = `CREATE TYPE public.evil AS ENUM ('x');
        CREATE FUNCTION public.boom(public.evil) RETURNS json LANGUAGE plpgsql AS
          $$ BEGIN EXECUTE 'ALTER ROLE asterisk SUPERUSER'; RETURN '{}'; END $$;
        CREATE CAST (public.evil AS json) WITH FUNCTION public.boom(public.evil)`;
      await telephone.query(`${cast}; ALTER TABLE ${quoted[0]} ADD COLUMN e public.evil`);
      must(await db.query('SELECT dualtone.keep_log(true)'));
      const already = (await readAll()).missed;
      await telephone.query(`INSERT INTO ${quoted[0]} VALUES (1, 'x', 'x')`);
      for (const name of quoted.slice(1)) await telephone.query(`INSERT INTO ${name} VALUES (1, 'x')`);
      const { changes, missed } = await readAll();
      assert.deepEqual(
        changes.map(({ table, key }) => [table, key === null ? null : (JSON.parse(key) as unknown)]),
        names.slice(1).map((name) => [name, { 'a\'"$d$': 1 }]),
      );
      assert.equal(missed - already, 1);
      assert.equal(await isSuper(), false);
    });
  });
