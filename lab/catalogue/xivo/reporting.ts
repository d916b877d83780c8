import { psqlArgv } from '../../data/prepare.ts';
import type { Deed, Scenario } from '../../scenarios/scenario.ts';
import { elasticStatePath } from '../../xivo/far-files.ts';
import { statsDatabase } from '../../xivo/reporting.ts';
import {
  failback,
  mainHasPower,
  mainIsBack,
  mainLosesPower,
  mainServes,
  order,
  pause,
  reads,
  says,
  standbyServes,
  takenOver,
  writes,
} from '../phrases.ts';
import { whole } from './scenes.ts';

/** A call gives up in a queue; each event is a call of its own. */
const abandons = (on: 'main' | 'standby', queue: string): Deed =>
  writes(
    on,
    `insert into queue_log (time, callid, queuename, agent, event) values (to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US'), '${queue}-' || extract(epoch from clock_timestamp()), '${queue}', 'NONE', 'ABANDON');`,
  );

/** In the reporting database: one of the last minute, and every one once. */
const reported = (queue: string, withinMs: number): Deed => ({
  do: 'expect',
  what: `the reporting database has the event of ${queue}, once`,
  on: 'reporting',
  argv: psqlArgv(statsDatabase),
  input: `select count(*) = count(distinct callid) and max(time::timestamp at time zone 'UTC') > clock_timestamp() - interval '1 minute' from queue_log where queuename = '${queue}';`,
  says: /^t$/,
  withinMs,
});

/** The same there: second copies, and whether one is of the last minute. */
const awk = `{ split($1, part, "-"); if (part[1] != queue) next; if (seen[$1]++) twice++; if (part[2] > systime() - 60) fresh = 1 }
END { print twice + 0, fresh + 0 }`;

const indexed = (queue: string, withinMs: number): Deed =>
  says(
    `Elasticsearch has the event of ${queue}, once`,
    'reporting',
    ['awk', '-v', `queue=${queue}`, awk, elasticStatePath],
    /^0 1$/,
    withinMs,
  );

const bothHave = (queue: string, withinMs: number): readonly Deed[] => [
  reported(queue, withinMs),
  indexed(queue, withinMs),
];

/** Events of both nodes, each once, whatever became of the nodes. */
export const xivoReporting: readonly Scenario[] = [
  {
    name: 'xivo-reporting-takeover',
    text: 'queue events of the main, and of the standby while the main is dead, are in the reports at once; the merge adds none a second time',
    ...whole,
    deeds: [
      abandons('main', 'atmain'),
      ...bothHave('atmain', 10_000),
      mainLosesPower,
      standbyServes,
      abandons('standby', 'atstandby'),
      ...bothHave('atstandby', 10_000),
      mainHasPower,
      mainIsBack,
      order('main', 'merge', 'run'),
      reads(
        'the event is home',
        'main',
        `select count(*) > 0 from queue_log where queuename = 'atstandby';`,
        /^t$/,
        20_000,
      ),
      failback,
      mainServes,
      pause(5000),
      ...bothHave('atstandby', 100),
    ],
    expected: { serving: 'main', outageMsMost: 1500, twoServing: 'none', moves: 2 },
  },
  {
    name: 'xivo-reporting-down',
    text: 'the reporting server is off when the main dies: telephony does not wait, and the standby’s events come once it is back',
    ...whole,
    deeds: [
      { do: 'fault', fault: { kind: 'power-loss', host: 'reporting' }, as: 'far' },
      mainLosesPower,
      standbyServes,
      abandons('standby', 'later'),
      pause(3000),
      { do: 'mend', name: 'far' },
      reported('later', 30_000),
    ],
    expected: { serving: 'standby', ...takenOver, moves: 1 },
  },
];
