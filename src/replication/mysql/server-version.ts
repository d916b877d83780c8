/** Which server it is: MariaDB or MySQL, and new enough. */
import { fail, ok, type Result } from '../../core/result.ts';
import type { Dialect } from './dialect.ts';
import { createMariadb } from './dialect-mariadb.ts';
import { createMysqlDialect } from './dialect-mysql.ts';

const VERSION = /^(\d+)\.(\d+)\.(\d+)/;

/** By what `VERSION()` says. Fault: `mysql-version`. */
export const dialectOf = (told: string): Result<Dialect> => {
  // Some put in front what very old clients expect.
  const version = told.replace(/^5\.5\.5-/, '');
  const [, major = '0', minor = '0', patch = '0'] = VERSION.exec(version) ?? [];
  const number = Number(major) * 1_000_000 + Number(minor) * 1000 + Number(patch);
  if (/mariadb/i.test(version)) {
    if (number >= 10_005_000) return ok(createMariadb(version, number));
  } else if (number >= 8_000_023) return ok(createMysqlDialect(version, number));
  return fail(
    'mysql-version',
    `The server is of version ${version === '' ? '?' : version}, which Dualtone cannot replicate.`,
    'It takes MariaDB 10.5 or newer, or MySQL 8.0.23 or newer, on both nodes.',
  );
};
