import type { Role } from '../../../src/core/words.ts';
import { asRoot, asTelephony } from '../../remsys/mysql-files.ts';
import type { MysqlOfLab } from '../../remsys/setup.ts';
import type { Deed, Expected, Scenario } from '../../scenarios/scenario.ts';
import { exec, failback, mainIsBack, mainServes, order, pause, says, standbyServes, switchover } from '../phrases.ts';
import { hasPower, journal, loses, namesPointTo, servedByB, standbyServesByCount, switchIs } from './phrases.ts';
import { twoSites } from './scenes.ts';

const writes = (make: MysqlOfLab['make'], on: Role, input: string): Deed => exec(on, asTelephony(make), input);

/** The server of a node that begins to serve takes writes a moment after its telephony. */
const writesSoon = (make: MysqlOfLab['make'], on: Role, input: string, withinMs: number): Deed => ({
  do: 'expect',
  what: `the ${on} takes writes`,
  on,
  argv: asTelephony(make),
  input: `${input}\nSELECT 'written';`,
  says: /^written$/m,
  withinMs,
});

/** As the telephone system has it there, a line each. */
const has = (make: MysqlOfLab['make'], on: Role, query: string, pattern: RegExp, withinMs: number): Deed => ({
  do: 'expect',
  what: `${query} at the ${on}`,
  on,
  argv: asTelephony(make),
  input: query,
  says: pattern,
  withinMs,
});

const refuses = (make: MysqlOfLab['make'], on: Role): Deed => ({
  do: 'exec',
  on,
  argv: asTelephony(make),
  input: "INSERT INTO users (extension, name) VALUES ('9999', 'nobody');",
  refusal: { what: `the ${on} takes no writes`, says: /read[-_]only/i },
});

const add = (extension: number, name: string): string =>
  `INSERT INTO users (extension, name) VALUES ('${extension}', '${name}');`;
const NAMES =
  "SELECT GROUP_CONCAT(name ORDER BY extension) FROM users WHERE extension >= '2000' AND extension < '3000';";

/** What a run before this one left. */
const fresh = (make: MysqlOfLab['make']): readonly Deed[] => [
  writesSoon(
    make,
    'main',
    "DELETE FROM users WHERE extension >= '2000'; DELETE FROM cdr; DELETE FROM first_writes;",
    10_000,
  ),
  inStep('standby'),
];

const inStep = (on: Role): Deed =>
  says(
    'MySQL is in step',
    on,
    ['dualtone', 'status', '--json'],
    /"name":\s*"mysql",\s*"direction":\s*"(out|in)",\s*"condition":\s*"in-step"/,
    30_000,
  );

const same = says(
  'both sides have the same rows',
  'main',
  ['dualtone', 'mysql', 'compare'],
  /[1-9]\d* rows of \d+ tables compared; 0 differ/,
  20_000,
);

const moved: Expected = { serving: 'main', outageMsMost: 18_000, twoServing: 'none', moves: 2 };

/** There and back, with what each side wrote meanwhile. */
const thereAndBack = (make: MysqlOfLab['make']): readonly Deed[] => [
  writes(make, 'main', add(2000, 'of the main')),
  has(make, 'standby', NAMES, /^of the main$/, 2000),
  refuses(make, 'standby'),
  loses('main'),
  standbyServesByCount,
  writesSoon(make, 'standby', add(2001, 'of the standby'), 2500),
  hasPower('main'),
  mainIsBack,
  has(make, 'main', NAMES, /^of the main,of the standby$/, 30_000),
  refuses(make, 'main'),
  // What was written a moment ago comes home with service.
  writes(make, 'standby', add(2002, 'at the last moment')),
  says('what would come home', 'main', ['dualtone', 'failback', '--preview'], /sip\.lab\.example/, 10_000),
  failback,
  mainServes,
  writesSoon(make, 'main', add(2003, 'of the main again'), 8000),
  has(make, 'main', NAMES, /^of the main,of the standby,at the last moment,of the main again$/, 100),
  has(make, 'standby', NAMES, /^of the main,of the standby,at the last moment,of the main again$/, 10_000),
  refuses(make, 'standby'),
  same,
  ...namesPointTo('main', 5000),
];

const scenarioOf = (name: string, text: string, mysql: MysqlOfLab): Scenario => ({
  name,
  text,
  ...twoSites({ mysql }),
  prepare: fresh(mysql.make),
  deeds: thereAndBack(mysql.make),
  expected: moved,
});

/** One call each second for an hour, each committed by itself, without waiting for the clock. */
const hourOfCalls = `SET @at = NOW(3) - INTERVAL 1 HOUR;
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE n INT DEFAULT 0;
  WHILE n < 3600 DO
    INSERT INTO cdr (calldate, src, dst, seconds) VALUES (@at + INTERVAL n SECOND, 1000 + n MOD 20, 2000 + n MOD 50, n MOD 300);
    SET n = n + 1;
  END WHILE;
END //
DELIMITER ;
`;

const maria = { make: 'mariadb', via: 'tls' } as const;

/** The main's agent dies so long after a person gave the order, and is started again; the order is given again. */
const interruptedAfter = (afterMs: number, extension: number): readonly Deed[] => [
  switchover,
  standbyServes,
  switchIs('standby', 'done', 10_000),
  writesSoon('mariadb', 'standby', add(extension, `at B, ${afterMs}`), 8000),
  { do: 'order', on: 'main', argv: ['failback', '--accept-loss'], exit: 'any', inBackground: true },
  pause(afterMs),
  { do: 'systemctl', on: 'main', argv: ['kill', '--signal=KILL', 'dualtone.service'] },
  says('the agent is back', 'main', ['dualtone', 'status'], /main/, 20_000),
  { do: 'order', on: 'main', argv: ['failback', '--accept-loss'], exit: 'any' },
  mainServes,
  writesSoon('mariadb', 'main', add(extension + 1, `at A, ${afterMs}`), 10_000),
  switchIs('main', 'done', 15_000),
];

const stray = (extension: number, name: string): string => `SET SESSION sql_log_bin = 0; ${add(extension, name)}`;

export const remsysMysql: readonly Scenario[] = [
  scenarioOf(
    'remsys-mysql-takeover',
    'MariaDB on both sites: what the main wrote is on the standby, which takes writes when it serves; failback brings them home before the main takes any',
    maria,
  ),
  {
    name: 'remsys-mysql-hour',
    text: 'A was off for an hour of calls (3,600 transactions at B): failback by hand right after its boot, with all of them home before A takes its first write',
    ...twoSites({ mysql: maria }),
    prepare: [
      ...fresh('mariadb'),
      ...servedByB,
      loses('main'),
      pause(1000),
      writesSoon('mariadb', 'standby', 'SELECT 1;', 2500),
      exec('standby', ['mariadb', '--defaults-extra-file=/root/telephony.cnf', 'asterisk'], hourOfCalls),
      hasPower('main'),
      mainIsBack,
      pause(3000),
    ],
    deeds: [
      says('what would move', 'main', ['dualtone', 'failback', '--preview'], /sip\.lab\.example/, 10_000),
      failback,
      mainServes,
      // The first write that it takes counts the calls that are there.
      writesSoon('mariadb', 'main', 'INSERT INTO first_writes (calls) SELECT COUNT(*) FROM cdr;', 10_000),
      has('mariadb', 'main', 'SELECT calls FROM first_writes ORDER BY id LIMIT 1;', /^3600$/, 100),
      inStep('standby'),
      same,
      ...namesPointTo('main', 5000),
    ],
    expected: { serving: 'main', outageMsMost: 5000, inboundOutageMsMost: 5000, twoServing: 'none', moves: 1 },
  },
  {
    name: 'remsys-failback-interrupted',
    text: 'the agent of A dies while service is given back to it, at once, in the handover and after it: what was begun is gone on with, nothing is lost, never two',
    ...twoSites({ mysql: maria }),
    prepare: fresh('mariadb'),
    deeds: [
      ...interruptedAfter(30, 2100),
      ...interruptedAfter(250, 2110),
      ...interruptedAfter(700, 2120),
      has('mariadb', 'main', "SELECT COUNT(*) FROM users WHERE extension LIKE '21__';", /^6$/, 100),
      inStep('standby'),
      same,
      ...namesPointTo('main', 5000),
    ],
    expected: { serving: 'main', outageMsMost: 5000, twoServing: 'none', registrationsKept: 'any' },
  },
  {
    name: 'remsys-mysql-diverged',
    text: 'a row that an administrator made on the passive node collides with one of the main: nothing is overwritten, it is shown with both values, and goes on once it is corrected',
    ...twoSites({ mysql: maria }),
    prepare: fresh('mariadb'),
    deeds: [
      exec('standby', asRoot('mariadb'), `USE asterisk; ${stray(2500, 'by hand')}`),
      writes('mariadb', 'main', add(2500, 'by the telephone system')),
      says('the stream is stopped', 'standby', ['dualtone', 'status', '--json'], /"mysql-duplicate"/, 15_000),
      has('mariadb', 'standby', "SELECT name FROM users WHERE extension = '2500';", /^by hand$/, 100),
      says(
        'the row is shown with both values',
        'main',
        ['dualtone', 'mysql', 'compare'],
        /name: here "by the telephone system", there nothing[\s\S]*name: here nothing, there "by hand"/,
        20_000,
      ),
      // What lasts for five seconds is told.
      journal('standby', 'it was told', /A row that came is there already, and is another/, 15_000),
      exec(
        'standby',
        asRoot('mariadb'),
        "USE asterisk; SET SESSION sql_log_bin = 0; DELETE FROM users WHERE extension = '2500';",
      ),
      order('standby', 'mysql', 'resume'),
      has(
        'mariadb',
        'standby',
        "SELECT name FROM users WHERE extension = '2500';",
        /^by the telephone system$/,
        10_000,
      ),
      inStep('standby'),
      same,
    ],
    expected: { serving: 'main', outageMsMost: 400, twoServing: 'none', moves: 0 },
  },
  scenarioOf('remsys-mysql-ssh', 'the same through SSH, which the main opens', { make: 'mariadb', via: 'ssh' }),
  scenarioOf('remsys-mysql9-takeover', 'MySQL 9 on both sites: there and back as with MariaDB', {
    make: 'mysql',
    via: 'tls',
  }),
];
