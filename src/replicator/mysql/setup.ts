/** `dualtone mysql setup`: this node's server made ready, or put back; run by a person, beside the agent. */
import { existsSync, statSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { ensureSecretFile } from '../../files/secret.ts';
import { run } from '../../process/run.ts';
import type { CertificateFiles } from '../../replication/mysql/certificate.ts';
import { connectMysql, type Mysql } from '../../replication/mysql/connection.ts';
import { createMysqlSetup, type MysqlSetup } from '../../replication/mysql/setup.ts';
import { adminMysql, mysqlSetupOptions } from './access.ts';

/** Who owns the server's data runs it, and must read its key. */
const ownerOf = async (db: Mysql): Promise<CertificateFiles['owner']> => {
  const rows = await db.query<{ readonly place: string }>('SELECT @@global.datadir AS place');
  const place = rows.ok ? rows.value[0]?.place : undefined;
  if (place === undefined || !existsSync(place)) return null;
  const { uid, gid } = statSync(place);
  return { uid, gid };
};

export interface OpenSetup {
  readonly db: Mysql;
  readonly setup: MysqlSetup;
}

/** By root's own socket; the caller ends `db`. `derived`: the password where no file holds one. Faults: `mysql-off`, `secret-…`, those of the server. */
export const openMysqlSetup = async (config: Config, derived: string): Promise<Result<OpenSetup>> => {
  const { mysql } = config.streams;
  if (!mysql.enabled)
    return fail('mysql-off', 'MySQL is not configured to follow.', 'Set `streams.mysql.enabled` on both nodes.');
  const secret = ensureSecretFile(mysql.passwordFile, derived);
  if (!secret.ok) return secret;
  const opened = await connectMysql(adminMysql(config), new AbortController().signal);
  if (!opened.ok) return opened;
  const db = opened.value;
  const options = mysqlSetupOptions(config, db.dialect, await ownerOf(db));
  if (options.ok) return ok({ db, setup: createMysqlSetup(db, options.value, run) });
  db.destroy();
  return options;
};
