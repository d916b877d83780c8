/** Who is told, in a real pair: a takeover by the standby, two dead nodes by the checkpoint. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AlarmList, ChannelTest } from '../../src/alarms/protocol.ts';
import { createHosts, dualtone, type HostName, NAMES, serves, withoutRoot } from './three-hosts.ts';

/** Keeps each event as a file, whole or not at all. */
const KEEP = `const fs = require('node:fs');
const text = fs.readFileSync(0, 'utf8');
const path = process.argv[2] + '/' + JSON.parse(text).id;
fs.writeFileSync(path + '.part', text);
fs.renameSync(path + '.part', path);`;

const toldIn = (folder: string, name: HostName): string => join(folder, `${name}-told`);

const hosts = createHosts(
  'dtl',
  (folder, name) => `
alarms:
  site: Lab
  group: 300ms
  silent: 1s
  channels: [{ kind: command, name: sms, run: [${process.execPath}, ${folder}/keep.cjs, ${toldIn(folder, name)}] }]
`,
);
after(() => hosts.remove());

interface Event {
  readonly subject: string;
  readonly test: boolean;
  readonly alarms: readonly { readonly code: string; readonly state: string }[];
}

const told = (name: HostName): readonly Event[] =>
  readdirSync(toldIn(hosts.folder, name))
    .filter((file) => !file.endsWith('.part'))
    .map((file) => JSON.parse(readFileSync(join(toldIn(hosts.folder, name), file), 'utf8')) as Event);

/** The event of that alarm, when it has come. */
const untilTold = (name: HostName, code: string, state: string): Promise<Event> =>
  new Promise((resolve, reject) => {
    const look = (): void => {
      const found = told(name).find((each) => each.alarms.some((one) => one.code === code && one.state === state));
      if (found === undefined) return;
      clearTimeout(timer);
      watcher.close();
      resolve(found);
    };
    const watcher = watch(toldIn(hosts.folder, name), look);
    const timer = setTimeout(() => {
      watcher.close();
      const seen = JSON.stringify(told(name).map(({ subject }) => subject));
      reject(new Error(`${name} did not tell ${code} (${state}), but ${seen}\n${hosts.saidBy(name)}`));
    }, 20_000);
    look();
  });

test('the standby tells of a takeover, and the checkpoint of two dead nodes', {
  skip: withoutRoot,
  timeout: 120_000,
}, async (t) => {
  writeFileSync(join(hosts.folder, 'keep.cjs'), KEEP);
  for (const name of NAMES) mkdirSync(toldIn(hosts.folder, name));
  hosts.start('cp1');
  hosts.start('main');
  await hosts.until('main', 'the main serving', serves('this'));
  hosts.start('standby');
  await hosts.until('standby', 'the standby ready', (each) => serves('other')(each) && each.headline.level === 'good');

  await t.test('a test arrives, at a node and at a checkpoint', () => {
    for (const name of ['standby', 'cp1'] as const) {
      const { code, out } = dualtone('alarm', 'test', '--json', '--socket', hosts.socketOf(name));
      const { results } = JSON.parse(out) as { readonly results: readonly ChannelTest[] };
      assert.deepEqual([code, results.map(({ channel, delivered }) => [channel, delivered])], [0, [['sms', true]]]);
      assert.ok(told(name).some((event) => event.test));
    }
  });

  await t.test('the main dies: the standby says who serves now', async () => {
    await hosts.end('main', 'SIGKILL');
    const { subject } = await untilTold('standby', 'service-taken-over', 'new');
    assert.match(
      subject,
      /^ALARM Lab: pbx-standby \(standby\) took over: .*\| pbx-standby \(standby\) serves since \d\d:\d\d:\d\d/,
    );
    await untilTold('standby', 'other-silent', 'new');
    const { code, out } = dualtone('alarm', 'list', '--json', '--socket', hosts.socketOf('standby'));
    const { alarms } = JSON.parse(out) as AlarmList;
    assert.equal(code, 6);
    assert.ok(alarms.some((alarm) => alarm.code === 'other-silent' && alarm.toldTo.includes('sms')));
    assert.ok(!told('cp1').some((event) => event.alarms.some((alarm) => alarm.code === 'both-silent')));
  });

  await t.test('both are dead: the checkpoint is the one left to tell', async () => {
    await hosts.end('standby', 'SIGKILL');
    const { subject } = await untilTold('cp1', 'both-silent', 'new');
    assert.match(subject, /^ALARM Lab: the agents of BOTH nodes are silent, as checkpoint cp1 hears/);
  });

  await t.test('the journal says who was told of what', () => {
    const { out } = dualtone('journal', '--config', join(hosts.folder, 'standby.yaml'));
    assert.match(out, /alarm-told: ALARM Lab: pbx-standby \(standby\) took over/);
  });

  await t.test('its process of alarms is killed, comes back, and still knows', async () => {
    const before = told('cp1').length;
    const pids = readdirSync('/proc').filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return argv.includes('alarms') && argv.includes(join(hosts.folder, 'cp1.yaml'));
      } catch {
        return false;
      }
    });
    assert.equal(pids.length, 1);
    process.kill(Number(pids[0]), 'SIGKILL');
    let list = dualtone('alarm', 'list', '--socket', hosts.socketOf('cp1'));
    while (list.code !== 6) list = dualtone('alarm', 'list', '--socket', hosts.socketOf('cp1'));
    assert.match(list.out, /^ALARM {2}the agents of BOTH nodes are silent/);
    assert.equal(told('cp1').length, before, 'what was told is told again');
  });
});
