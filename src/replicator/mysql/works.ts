/** What a person may ask of MySQL. */
import { fail, type Result } from '../../core/result.ts';
import type { RunOptions } from '../../replication/stream.ts';
import type { MysqlDeed } from '../protocol.ts';
import type { MysqlStream } from './stream.ts';

/** Faults: `mysql-off`, and those of the work. */
export const performMysql = async (
  mysql: MysqlStream | null,
  deed: MysqlDeed,
  options: RunOptions,
): Promise<Result<unknown>> => {
  if (mysql === null)
    return fail('mysql-off', 'MySQL is not configured to follow.', 'Set `streams.mysql.enabled` on both nodes.');
  switch (deed) {
    case 'compare':
      return mysql.compare(options);
    case 'resume':
      return mysql.node.resume();
    case 'join':
      return mysql.join();
  }
};
