/** The reporting database of a XiVO pair: a real PostgreSQL, made ready as its administrator would by what `dualtone reporting sql` prints. */
import { ok, type Result } from '../../src/core/result.ts';
import { psqlArgv } from '../data/prepare.ts';
import type { Lab } from '../lab.ts';

export const statsDatabase = 'xivo_stats';
export const reportingPassword = 'lab-reporting';
const role = 'dualtone_reporting';

const letIn = `
alter system set listen_addresses = '*';
alter system set fsync = off;
copy (select 'host ${statsDatabase} ${role} 10.0.0.0/8 scram-sha-256') to program 'cat >> $(psql -At -c "show hba_file")';
`;

/** Once in a lab's life: tables as at the main, the role, its password. */
export const prepareReporting = async (lab: Lab): Promise<Result<void>> => {
  const [host, main] = [lab.host('reporting'), lab.host('main')];
  const sql = async (name: string, text: string): Promise<Result<string>> => {
    const done = await host.execChecked(psqlArgv(name), { input: text, timeoutMs: 60_000 });
    return done.ok ? ok(done.value.stdout.trim()) : done;
  };
  const started = await host.execChecked(['systemctl', 'start', 'postgresql.service'], { timeoutMs: 60_000 });
  if (!started.ok) return started;
  const there = await sql('postgres', `select count(*) from pg_database where datname = '${statsDatabase}';`);
  if (!there.ok || there.value === '1') return there.ok ? ok(undefined) : there;
  const dump = ['pg_dump', '--section=pre-data', '-O', '-x', '-t', 'queue_log', '-t', 'cel', 'asterisk'];
  const tables = await main.execChecked(['runuser', '-u', 'postgres', '--', ...dump]);
  if (!tables.ok) return tables;
  const rights = await main.execChecked(['dualtone', 'reporting', 'sql']);
  if (!rights.ok) return rights;
  const texts: readonly (readonly [string, string])[] = [
    ['postgres', `${letIn}create database ${statsDatabase} template template0 encoding 'UTF8' locale 'C.UTF-8';`],
    [statsDatabase, tables.value.stdout],
    [statsDatabase, rights.value.stdout],
    [statsDatabase, `alter role ${role} password '${reportingPassword}';`],
  ];
  for (const [name, text] of texts) {
    const done = await sql(name, text);
    if (!done.ok) return done;
  }
  const restarted = await host.execChecked(['systemctl', 'restart', 'postgresql.service'], { timeoutMs: 60_000 });
  return restarted.ok ? ok(undefined) : restarted;
};
