/** Both nodes' database made a pair, once for a lab's disks: the main's telephone system had it long before, so its first copy goes as docs/replication.md says. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import type { Lab } from '../lab.ts';
import { monotonicMs } from '../phones/clock.ts';
import type { Outcome } from '../process.ts';
import { agentUnit } from '../units.ts';
import { asRoot, mysqlUnit, telephonyDatabase, telephonyLogin } from './mysql-files.ts';
import type { MysqlOfLab } from './setup.ts';

const { user, password } = telephonyLogin;

/** Each node has its own; it does not follow. */
const accountText = `SET SESSION sql_log_bin = 0;
CREATE USER IF NOT EXISTS ${user}@localhost IDENTIFIED BY '${password}';
GRANT ALL ON ${telephonyDatabase}.* TO ${user}@localhost;
`;

/** What is older than the pair. */
const contentText = `CREATE DATABASE ${telephonyDatabase};
USE ${telephonyDatabase};
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, extension VARCHAR(20) UNIQUE, name VARCHAR(80)) ENGINE=InnoDB;
CREATE TABLE cdr (id INT AUTO_INCREMENT PRIMARY KEY, calldate DATETIME(3), src VARCHAR(20), dst VARCHAR(20), seconds INT) ENGINE=InnoDB;
CREATE TABLE first_writes (id INT AUTO_INCREMENT PRIMARY KEY, calls INT) ENGINE=InnoDB;
INSERT INTO users (extension, name) VALUES ('1000', 'Ada'), ('1001', 'Zoë'), ('1002', 'Lin');
`;

const statementMs = 60_000;

const allOf = async (steps: readonly (() => Promise<Result<unknown>>)[]): Promise<Result<void>> => {
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return done;
  }
  return ok(undefined);
};

/** Until it ends well; its last word otherwise. */
const untilWell = async (
  host: Host,
  argv: readonly string[],
  says: RegExp,
  withinMs: number,
): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const done = await host.exec(argv, { timeoutMs: statementMs });
    if (!done.ok) return done;
    const said = `${done.value.stdout}${done.value.stderr}`;
    if (says.test(said)) return ok(undefined);
    if (monotonicMs() > deadlineMs)
      return fail('mysql-unready', `\`${argv.join(' ')}\` on ${host.name}: ${said.slice(-400)}`, 'try it by hand');
    await sleep(200);
  }
};

const sql = async (host: Host, { make }: MysqlOfLab, input: string): Promise<Result<Outcome>> =>
  await host.execChecked(asRoot(make), { input, timeoutMs: statementMs });

/** Settings that take a restart are due after the first run; `dualtone mysql setup` ends with a warning then. */
const setUp = async (host: Host, mysql: MysqlOfLab): Promise<Result<void>> =>
  await allOf([
    () => untilWell(host, [...asRoot(mysql.make), '-e', 'SELECT 40 + 2'], /^42$/m, 30_000),
    () => sql(host, mysql, accountText),
    () => host.exec(['dualtone', 'mysql', 'setup'], { timeoutMs: statementMs }),
    () => host.execChecked(['systemctl', 'restart', mysqlUnit(mysql)], { timeoutMs: statementMs }),
    () => host.execChecked(['dualtone', 'mysql', 'status'], { timeoutMs: statementMs }),
  ]);

const dumpArgv = {
  mariadb: ['mariadb-dump', '--single-transaction', '--gtid', '--master-data=1', '--databases', telephonyDatabase],
  mysql: ['mysqldump', '--single-transaction', '--set-gtid-purged=ON', '--databases', telephonyDatabase],
} as const;

const emptied = {
  mariadb: 'STOP ALL SLAVES; RESET MASTER;',
  mysql: 'STOP REPLICA; SET GLOBAL super_read_only = 0; RESET BINARY LOGS AND GTIDS;',
} as const;

const loadArgv = {
  mariadb: ['mariadb', '--init-command=SET SESSION sql_log_bin = 0'],
  mysql: ['mysql'],
} as const;

/** Word for word as the handbook has it. */
const firstCopy = async (main: Host, standby: Host, { make }: MysqlOfLab): Promise<Result<void>> => {
  const agent = async (verb: 'stop' | 'start') => await standby.execChecked(['systemctl', verb, agentUnit]);
  const stopped = await agent('stop');
  if (!stopped.ok) return stopped;
  const dump = await main.execChecked(dumpArgv[make], { timeoutMs: statementMs });
  if (!dump.ok) return dump;
  return await allOf([
    () => standby.execChecked(asRoot(make), { input: emptied[make], timeoutMs: statementMs }),
    () => standby.execChecked(loadArgv[make], { input: dump.value.stdout, timeoutMs: statementMs }),
    () => agent('start'),
  ]);
};

const isCopied = async (standby: Host, { make }: MysqlOfLab): Promise<Result<boolean>> => {
  const shown = await standby.exec([...asRoot(make), '-e', `SHOW DATABASES LIKE '${telephonyDatabase}'`]);
  return shown.ok ? ok(shown.value.stdout.trim() === telephonyDatabase) : shown;
};

const inStep = /"name":\s*"mysql",\s*"direction":\s*"(out|in)",\s*"condition":\s*"in-step"/;

/** The main serves. Faults: `mysql-unready`, those of the programs. */
export const prepareMysql = async (lab: Lab, mysql: MysqlOfLab): Promise<Result<void>> => {
  const [main, standby] = [lab.host('main'), lab.host('standby')];
  const nodes = [main, standby];
  const copied = await isCopied(standby, mysql);
  if (!copied.ok) return copied;
  const fresh = !copied.value;
  return await allOf([
    ...(mysql.via === 'ssh' ? [() => makeWay(nodes)] : []),
    ...(fresh ? [() => sql(main, mysql, `SET SESSION sql_log_bin = 0;\n${contentText}`)] : []),
    ...nodes.map((host) => () => setUp(host, mysql)),
    ...(fresh ? [() => firstCopy(main, standby, mysql)] : []),
    ...nodes.map((host) => () => untilWell(host, ['dualtone', 'status', '--json'], inStep, 60_000)),
    () => untilWell(main, ['dualtone', 'mysql', 'compare'], /[1-9]\d* rows of \d+ tables compared; 0 differ/, 30_000),
  ]);
};

const makeWay = async (nodes: readonly Host[]): Promise<Result<void>> =>
  await allOf([
    ...nodes.flatMap((host) => [
      () => host.execChecked(['ssh-keygen', '-A']),
      () => host.execChecked(['systemctl', 'enable', '--now', 'ssh.service'], { timeoutMs: statementMs }),
    ]),
    () => untilWell(nodes[0] as Host, ['sh', '-c', 'dualtone sync init && echo done'], /done/, 60_000),
  ]);
