/** SIP expiry in a real PostgreSQL: in `staticsip` and in PJSIP's templates; set, and put back exactly. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Cluster, startCluster } from '../../../test/postgres/cluster.ts';
import { createWorld } from '../../changes/world.ts';
import { ok } from '../../core/result.ts';
import { wazoOriginal } from '../../profiles/wazo/original.ts';
import type { Admin } from '../../replication/postgres/setup/admin.ts';
import { createTestMachine } from '../testing/machine.ts';
import { createXivoEnabling } from './enable.ts';

const DDL = `
CREATE TABLE staticsip (id serial PRIMARY KEY, cat_metric integer NOT NULL DEFAULT 0, var_metric integer NOT NULL DEFAULT 0,
  commented integer NOT NULL DEFAULT 0, filename varchar(128) NOT NULL, category varchar(128) NOT NULL, var_name varchar(128) NOT NULL, var_val varchar(255));
INSERT INTO staticsip (filename, category, var_name, var_val, commented) VALUES
  ('sip.conf', 'general', 'minexpiry', '180', 0), ('sip.conf', 'general', 'maxexpiry', NULL, 1), ('sip.conf', 'general', 'register', 'a:b@c', 0);
CREATE TABLE tenant (uuid uuid PRIMARY KEY, global_sip_template_uuid uuid);
CREATE TABLE endpoint_sip_section (uuid uuid PRIMARY KEY, type text, endpoint_sip_uuid uuid);
CREATE TABLE endpoint_sip_section_option (uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), key text NOT NULL, value text NOT NULL, endpoint_sip_section_uuid uuid);
INSERT INTO tenant VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002');
INSERT INTO endpoint_sip_section VALUES ('00000000-0000-4000-8000-000000000003', 'aor', '00000000-0000-4000-8000-000000000002'),
  ('00000000-0000-4000-8000-000000000004', 'aor', '00000000-0000-4000-8000-000000000009');
INSERT INTO endpoint_sip_section_option (key, value, endpoint_sip_section_uuid) VALUES
  ('maximum_expiration', '3600', '00000000-0000-4000-8000-000000000003'), ('max_contacts', '1', '00000000-0000-4000-8000-000000000003');
`;

const adminOf = (cluster: Cluster): Admin => ({
  database: 'postgres',
  osUser: 'postgres',
  rows: async <T>(query: string) => ok((await cluster.query(query)).rows as unknown as readonly T[]),
  execute: async (script) => {
    await cluster.query(script);
    return ok(undefined);
  },
  each: async () => ok([]),
});

test('60, 300 and 120 s while enabled; afterwards what was there, comments, blanks and gaps included; a hand’s value stays', async () => {
  const cluster = await startCluster();
  const machine = createTestMachine(wazoOriginal);
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-expiry-'));
  try {
    await cluster.query(DDL);
    const sip = async () =>
      (
        await cluster.query("SELECT concat_ws('=', var_name, commented, var_val) AS t FROM staticsip ORDER BY var_name")
      ).rows.map((row) => (row as { t: string }).t);
    const aor = async () =>
      (
        await cluster.query(
          "SELECT concat_ws('=', right(endpoint_sip_section_uuid::text, 1), key, value) AS t FROM endpoint_sip_section_option ORDER BY 1",
        )
      ).rows.map((row) => (row as { t: string }).t);
    const before = [await sip(), await aor()];
    const { run } = machine.ground;
    const enabling = createXivoEnabling({
      original: wazoOriginal,
      role: 'main',
      standby: '10.0.0.2',
      admin: adminOf(cluster),
      provd: null,
      world: createWorld(run),
      recordFile: join(folder, 'changes.json'),
      run,
      root: machine.root,
    });
    const enabled = await enabling.enable();
    assert.ok(enabled.ok, enabled.ok ? '' : enabled.error.message);
    assert.deepEqual(await sip(), ['defaultexpiry=0=120', 'maxexpiry=0=300', 'minexpiry=0=60', 'register=0=a:b@c']);
    assert.deepEqual(await aor(), [
      '3=default_expiration=120',
      '3=max_contacts=1',
      '3=maximum_expiration=300',
      '3=minimum_expiration=60',
    ]);
    for (const argv of wazoOriginal.sipReload) assert.ok(machine.calls.includes(argv.join(' ')), argv.join(' '));
    assert.ok((await enabling.disable(false)).ok);
    assert.deepEqual([await sip(), await aor()], before);

    assert.ok((await enabling.enable()).ok);
    await cluster.query("UPDATE staticsip SET var_val = '90' WHERE var_name = 'minexpiry'");
    const undone = await enabling.disable(false);
    assert.ok(undone.ok);
    assert.deepEqual(
      undone.value.lines.filter(({ what }) => what === 'drift').map(({ id }) => id),
      ['file:staticsip:minexpiry'],
    );
    assert.ok((await sip()).includes('minexpiry=0=90'));
  } finally {
    await cluster.stop();
    machine.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
