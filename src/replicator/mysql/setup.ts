/** `dualtone mysql setup`: this node's server made ready, or put back; run by a person, beside the agent. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { run } from '../../process/run.ts';
import type { CertificateFiles } from '../../replication/mysql/certificate.ts';
import { connectMysql, type Mysql } from '../../replication/mysql/connection.ts';
import { createMysqlSetup, type MysqlSetup } from '../../replication/mysql/setup.ts';
import { adminMysql, mysqlSetupOptions } from './access.ts';

/** Where there is none: derived from the pair's key, so that both nodes come to the same without a copy. */
const ensureSecret = (path: string, derived: string): Result<void> => {
  if (existsSync(path)) return ok(undefined);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${derived}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return ok(undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail('secret-not-written', `The password file cannot be made: ${why}.`, 'Run as root.');
  }
};

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
  const secret = ensureSecret(mysql.passwordFile, derived);
  if (!secret.ok) return secret;
  const opened = await connectMysql(adminMysql(config), new AbortController().signal);
  if (!opened.ok) return opened;
  const db = opened.value;
  const options = mysqlSetupOptions(config, db.dialect, await ownerOf(db));
  if (options.ok) return ok({ db, setup: createMysqlSetup(db, options.value, run) });
  db.destroy();
  return options;
};
