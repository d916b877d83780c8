/** Debian's MariaDB or MySQL on both nodes, as an administrator would have it beside the telephone system. Pure. */
import type { Role } from '../../src/core/words.ts';
import type { HostFile } from '../hosts/files.ts';
import type { MysqlOfLab } from './setup.ts';

export const telephonyDatabase = 'asterisk';

export const mysqlUnit = ({ make }: MysqlOfLab): string => `${make}.service`;

/** Login of the telephone system, read by the client. */
const loginPath = '/root/telephony.cnf';
export const telephonyLogin = { user: 'asteriskuser', password: 'amp109' };

/** Smaller than usual, and not waiting for the machine's disk: the lab's loss of power leaves the kernel, which keeps what was written. */
const small = `[mysqld]
innodb_buffer_pool_size = 16M
innodb_flush_log_at_trx_commit = 2
sync_binlog = 0
performance_schema = OFF
max_connections = 50
`;

/** Both hosts have the tree's data folder, in which MySQL has given itself a name when its package was installed. */
const ownName = (role: Role): HostFile => ({
  path: '/var/lib/mysql/auto.cnf',
  text: `[auto]\nserver-uuid=00000000-0000-4000-8000-${role === 'main' ? '000000000001' : '000000000002'}\n`,
  owner: 'mysql',
});

const directories = { mariadb: '/etc/mysql/mariadb.conf.d', mysql: '/etc/mysql/mysql.conf.d' } as const;

export const mysqlFiles = ({ make }: MysqlOfLab, role: Role): readonly HostFile[] => [
  ...(make === 'mysql' ? [ownName(role)] : []),
  { path: `${directories[make]}/lab.cnf`, text: small },
  {
    path: loginPath,
    text: `[client]\nuser=${telephonyLogin.user}\npassword=${telephonyLogin.password}\n`,
    mode: 0o600,
  },
];

/** Statements on standard input, as the telephone system, which has no special right; answers bare. */
export const asTelephony = (make: MysqlOfLab['make']): readonly string[] => [
  make,
  `--defaults-extra-file=${loginPath}`,
  '-BN',
  telephonyDatabase,
];

/** As its administrator. */
export const asRoot = (make: MysqlOfLab['make']): readonly string[] => [make, '-BN'];
