/** The certificate of the other node's PostgreSQL comes over the pair's own stream, which is proved by the pair's key, and is pinned. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { writeWholeSync } from '../files/whole.ts';
import { pinnedCertificatePath } from '../replication/access.ts';
import { type AdminOptions, createAdmin } from '../replication/postgres/setup/admin.ts';
import type { StreamReporter } from '../replication/stream.ts';
import type { Talk } from '../replication/talk.ts';

const ASK_MS = 10_000;
const LONGEST = 20_000;

/** The administrator's way into this node's PostgreSQL. */
export const adminOptions = ({ streams: { database } }: Config): AdminOptions => ({
  osUser: 'postgres',
  socket: database.socket,
  port: database.port,
  database: database.database,
  lockTimeMs: 2000,
  timeLimitMs: 30_000,
});

export const adminOf = (config: Config) => createAdmin(adminOptions(config));

const own = async (config: Config): Promise<Result<unknown>> => {
  const rows = await adminOf(config).rows<{ readonly pem: string | null }>(
    `select pg_read_file(current_setting('ssl_cert_file')) as pem`,
  );
  if (!rows.ok) return rows;
  const pem = rows.value[0]?.pem ?? null;
  if (pem === null)
    return fail('database-no-certificate', 'PostgreSQL here has no certificate.', 'Run `dualtone database setup`.');
  return ok({ pem });
};

const pemOf = (answer: unknown): string | null => {
  const pem = typeof answer === 'object' && answer !== null ? (answer as { readonly pem?: unknown }).pem : null;
  return typeof pem === 'string' && pem.length < LONGEST && pem.includes('BEGIN CERTIFICATE') ? pem : null;
};

const known = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Answers for this node's, and asks for the other's at each connection; what it gives asks once more, before a run. */
export const followCertificate = (config: Config, talk: Talk, reporter: StreamReporter): (() => Promise<void>) => {
  talk.answer('database-certificate', () => own(config));
  if (config.streams.database.via !== 'tls' || config.streams.database.caFile !== null) return () => Promise.resolve();
  const path = pinnedCertificatePath(config);
  const learn = async (): Promise<void> => {
    const answer = await talk.ask('database-certificate', null, ASK_MS);
    const pem = answer.ok ? pemOf(answer.value) : null;
    if (pem === null || pem === known(path)) return;
    writeWholeSync(path, pem);
    reporter.note('database-certificate', { pinned: path });
  };
  talk.onConnected(() => void learn());
  return learn;
};
