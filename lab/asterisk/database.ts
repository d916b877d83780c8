/**
 * What ties an Asterisk to the telephone system's database, as on such servers: it writes its channel events there, and what people set
 * by telephone (do-not-disturb, forwards, filters) is read from there and from AstDB at each call. Real programs of such a server do the
 * reading by a script; here Asterisk does it by its own realtime driver.
 */
import { section } from './pjsip.ts';
import { featureCodes, firstExtension, services } from './plan.ts';

/** Asterisk's own user in its PostgreSQL, let in by who it is on the host. */
export const databaseUser = 'asterisk';

const socketFolder = '/var/run/postgresql';
const login = { dbname: 'asterisk', user: databaseUser, port: 5432 };

/** As a XiVO server records them, and all that begins and ends a call. */
const events = [
  'APP_START',
  'CHAN_START',
  'CHAN_END',
  'ANSWER',
  'HANGUP',
  'BRIDGE_ENTER',
  'BRIDGE_EXIT',
  'LINKEDID_END',
];

/** Files of /etc/asterisk, by name. */
export const databaseFiles: Readonly<Record<string, string>> = {
  'cel.conf': section('general', { enable: 'yes', apps: 'dial,queue', events: events.join(',') }),
  'cel_pgsql.conf': section('global', { hostname: socketFolder, ...login, table: 'cel' }),
  'res_pgsql.conf': section('general', { socket: socketFolder, ...login, requirements: 'warn' }),
  'extconfig.conf': section('settings', {
    userfeatures: 'pgsql,asterisk,userfeatures',
    callfiltermember: 'pgsql,asterisk,callfiltermember',
  }),
};

/** A column of the one row with this value. */
const column = (table: string, key: string, value: string, name: string): string =>
  `\${REALTIME_FIELD(${table},${key},${value},${name})}`;
/** Telephones belong to the users in their order. */
const before = firstExtension - 1;
const caller = `\${CALLERID(num)}`;
const ofCaller = `$[${caller} - ${before}]`;

const lines = (pattern: string, ...steps: readonly string[]): string =>
  steps.map((step, at) => `${at === 0 ? `exten = ${pattern},1,` : ' same = n,'}${step}\n`).join('');

/** A call to a person: refused by do-not-disturb, forwarded, or taken by the secretary, as the person has it. */
const toPerson = (phones: string): string =>
  lines(
    '_[1-4]XXX',
    `GotoIf($["\${DB(DND/\${EXTEN})}" = "YES"]?busy,1)`,
    `Set(user=$[\${EXTEN} - ${before}])`,
    `Set(forwards=${column('userfeatures', 'id', `\${user}`, 'enableunc')})`,
    `Set(to=\${IF($["\${forwards}" = "1"]?${column('userfeatures', 'id', `\${user}`, 'destunc')}:\${EXTEN})})`,
    `Set(boss=${column('callfiltermember', 'bstype', 'boss', 'typeval')})`,
    `Set(filters=${column('callfiltermember', 'bstype', 'boss', 'active')})`,
    `Set(secretary=${column('callfiltermember', 'bstype', 'secretary', 'typeval')})`,
    `Set(to=\${IF($["\${boss}/\${filters}" = "\${user}/1"]?$[0\${secretary} + ${before}]:\${to})})`,
    `Dial(${phones}/\${to},30)`,
    'Hangup()',
  );

const set = (table: string, key: string, value: string, name: string, to: string): string =>
  `Set(REALTIME(${table},${key},${value},${name})=${to})`;

const done = 'Goto(done,1)';

/** Contexts `[features]`, which the telephones' includes; a code is answered when all is written. */
export const featureExtensions = (phones: string): string =>
  [
    '\n[features]\n',
    lines(
      featureCodes.doNotDisturb,
      `Set(DB(DND/${caller})=YES)`,
      set('userfeatures', 'id', ofCaller, 'enablednd', '1'),
      done,
    ),
    lines(
      `_${featureCodes.forward}XXXX`,
      `Set(to=\${EXTEN:${featureCodes.forward.length}})`,
      `Set(DB(CF/${caller})=\${to})`,
      set('userfeatures', 'id', ofCaller, 'destunc', `\${to}`),
      set('userfeatures', 'id', ofCaller, 'enableunc', '1'),
      done,
    ),
    lines(featureCodes.filter, set('callfiltermember', 'typeval', ofCaller, 'active', '1'), done),
    lines(featureCodes.agent, `AddQueueMember(lab,${phones}/${caller},2)`, done),
    lines('done', 'Answer()', 'Hangup()'),
    lines('busy', 'Hangup(17)'),
    lines(services.queue, 'Answer()', 'Queue(lab,,,,20)', 'Hangup()'),
    toPerson(phones),
  ].join('');
