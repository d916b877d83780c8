/** Each event of the scheme of REMSYS (its own document: counter, start, stop, name, failure, synchronisation, recovery) is told by mail, with the rules of a file that has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmSettingsOf } from './compose.ts';
import type { NodeFacts, Severity } from './core/words.ts';
import { alarmSettings, nodeFacts } from './testing/facts.ts';
import { life } from './testing/life.ts';

/** As where `alarms.rules` is absent. */
const usual = alarmSettingsOf({
  ...alarmSettings(),
  channels: [{ name: 'mail' }],
  rules: [],
  groupMs: 10_000,
  repeatMs: 3_600_000,
} as unknown as Parameters<typeof alarmSettingsOf>[0]);

type Sign =
  | { readonly facts: Partial<NodeFacts>; readonly before?: Partial<NodeFacts>; readonly over?: true }
  | { readonly notice: string; readonly level: Severity };

const rows: readonly (readonly [event: string, code: string, sign: Sign])[] = [
  ['the main is not reached: the counter begins', 'other-silent', { facts: { otherHeardMsAgo: 40_000 } }],
  ['an all-good look resets the counter', 'other-silent', { facts: { otherHeardMsAgo: 40_000 }, over: true }],
  [
    'the counter is full: the PBX is started on the standby',
    'service-taken-over',
    { facts: { server: 'this', epoch: 3 }, before: {} },
  ],
  [
    'the PBX fails',
    'telephony-down',
    { facts: { server: 'this', telephony: { verdict: 'down', reason: 'asterisk: gone' } } },
  ],
  ['nobody serves', 'nobody-serves', { facts: { server: 'nobody' } }],
  ['both are found active', 'both-serve', { facts: { server: 'both' } }],
  ['of both active, one stops', 'closing-yield', { notice: 'closing-yield', level: 'alarm' }],
  ['what each of both had', 'both-served', { notice: 'both-served', level: 'warning' }],
  ['what each of both wrote', 'both-served-data', { notice: 'both-served-data', level: 'warning' }],
  ['the main stops since the checkpoints do not reach it', 'closing-lost', { notice: 'closing-lost', level: 'alarm' }],
  ['the name is changed', 'service-names-moved', { notice: 'service-names-moved', level: 'info' }],
  ['somebody else changed the name, and it was mended', 'names-mended', { notice: 'names-mended', level: 'warning' }],
  ['the name cannot be changed', 'switch-failing', { facts: { switches: [{ name: 'dns', trouble: 'it refused' }] } }],
  [
    'a checkpoint does not tell, so that no takeover could come about',
    'not-ready',
    {
      facts: { server: 'this', readiness: { state: 'not-ready', text: 'x', reasons: ['2 tell, 3 are needed'] } },
    },
  ],
  [
    'files were not synchronised',
    'stream-failed',
    {
      facts: { streams: [{ name: 'files', condition: 'failed', text: 'rsync: the disk is full' }] },
    },
  ],
  ['replication of MySQL stopped by a duplicate key', 'mysql-duplicate', { notice: 'mysql-duplicate', level: 'alarm' }],
  ['both MySQLs have changes of their own', 'mysql-diverged', { notice: 'mysql-diverged', level: 'alarm' }],
  [
    'recovery by hand',
    'service-returned',
    {
      facts: {
        self: { role: 'main', name: 'pbx1' },
        peer: { role: 'standby', name: 'pbx2' },
        server: 'this',
        epoch: 4,
        came: 'handed-over',
      },
      before: { self: { role: 'main', name: 'pbx1' }, peer: { role: 'standby', name: 'pbx2' } },
    },
  ],
];

for (const [event, code, sign] of rows) {
  test(`a mail tells: ${event} (${code})`, () => {
    const it = life(usual);
    if ('notice' in sign) {
      it.pass(2, nodeFacts());
      it.notice(sign.level, sign.notice, 'It happened. And more.');
      it.pass(20, nodeFacts());
    } else {
      it.pass(5, nodeFacts(sign.before ?? {}));
      it.pass(120, nodeFacts(sign.facts));
      if (sign.over === true) it.pass(120, nodeFacts());
    }
    const items = it.items().filter((item) => item.code === code);
    assert.ok(
      items.length > 0,
      `told: ${
        it
          .items()
          .map((item) => item.code)
          .join(', ') || 'nothing'
      }`,
    );
    if ('over' in sign) assert.ok(items.some(({ endedWall }) => endedWall !== null));
  });
}
