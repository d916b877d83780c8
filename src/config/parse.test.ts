import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseCheckpointConfig, parseConfig, printProblem } from './parse.ts';
import { printConfig } from './print.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const example = (name: string): string => readFileSync(new URL(name, EXAMPLES), 'utf8');

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';

const good = (text: string) => {
  const parsed = parseConfig(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.problems.map((each) => printProblem('f', each)).join('\n'));
  return parsed.config;
};

/** Problems as `line:column path message`. */
const bad = (text: string): readonly string[] => {
  const parsed = parseConfig(text);
  assert.ok(!parsed.ok, 'accepted');
  return parsed.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
};

test('every example of a node loads, and prints as a file that loads to the same', () => {
  const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));
  assert.ok(names.length >= 6);
  for (const name of names) {
    if (name.startsWith('checkpoint')) continue;
    const config = good(example(name));
    assert.deepEqual(good(printConfig(config)), config, name);
  }
});

test('the example of a checkpoint loads, and has the promise of its preset', () => {
  const text = example('checkpoint.yaml');
  const parsed = parseCheckpointConfig(text);
  assert.ok(parsed.ok);
  assert.equal(parsed.config.timing.promiseMs, 600);
  const quick = parseCheckpointConfig(`${text}preset: quick\n`);
  assert.ok(quick.ok);
  assert.equal(quick.config.timing.promiseMs, 200);
  const again = parseCheckpointConfig(printConfig(parsed.config));
  assert.ok(again.ok);
  assert.deepEqual(again.config, parsed.config);
});

test('a checkpoint on a node, or called like one, is refused', () => {
  const parsed = parseCheckpointConfig(
    'name: main\nlisten: { address: 10.0.0.1 }\nnodes: { main: { address: 10.0.0.1 }, standby: { address: 10.0.0.1 } }\n',
  );
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.problems.map((each) => each.path),
    ['name', 'listen.address', 'listen.address', 'nodes.standby.address'],
  );
});

test('a span that would silence somebody for good is a slip, and is said to be one', () => {
  const pair = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
  const text = `${pair}alarms: { silent: 30d, settle: 2h, group: 2d }\nweb: { session: 91d }\nunfit: { restart-wait: 2h }\n`;
  assert.deepEqual(bad(text), [
    '3:19 alarms.silent alarms.silent: 30d is too long',
    '3:32 alarms.settle alarms.settle: 2h is too long',
    '3:43 alarms.group alarms.group: 2d is too long',
    '4:17 web.session web.session: 91d is too long',
    '5:24 unfit.restart-wait unfit.restart-wait: 2h is too long',
  ]);
});

test('all errors of a file are reported, each with its place', () => {
  const text = [
    'node: { role: slav, name: a, address: 10.0.0.300 }',
    'peer: { name: a, addres: 10.0.0.2, port: 04577 }',
    'timming: {}',
    'timing:',
    '  heartbeat: 100',
    'services:',
    '  - { inti: asterisk }',
    '  - { init: asterisk, compose: /a }',
    'flapping: { max-switches: 0 }',
    'run-dir: /var/lib/dualtone',
    '',
  ].join('\n');
  assert.deepEqual(bad(text), [
    '1:15 node.role node.role cannot be "slav"',
    '1:39 node.address node.address: "10.0.0.300" is not an IPv4 or IPv6 address',
    '2:7 peer.address peer.address is missing',
    '2:18 peer.addres unknown key addres',
    '2:42  04577 begins with a zero: readers differ on whether it is octal',
    '3:1 timming unknown key timming',
    '5:14 timing.heartbeat timing.heartbeat: 100: a number without a unit says nothing: write 100ms, 60s, 30m, 1h or 2d',
    '7:5 services[0].unit services[0].unit is missing',
    '7:7 services[0].inti unknown key inti',
    '8:23 services[1].compose unknown key compose',
    '9:27 flapping.max-switches flapping.max-switches is too small: 0',
    '10:10 run-dir run-dir and state-dir are the same',
  ]);
});

test('a schedule that never comes due is refused: a process that meets one only when it starts could not say so', () => {
  const streams = (at: string): string =>
    `${BASE}streams: { database: { schedule: { at: "${at}" } }, files: { schedule: { at: "${at}" } } }\n`;
  assert.equal(good(streams('*/5 1-4 * * mon')).streams.database?.schedule.at, '*/5 1-4 * * mon');
  for (const at of ['', 'every hour', '* * *', '61 * * * *', '* * * * * *', '0 0 30 2 *']) {
    const said = bad(`${streams(at)}drill: { schedule: "${at}" }\n`);
    assert.deepEqual(
      said.map((each) => each.split(' ')[1]),
      ['streams.database.schedule.at', 'streams.files.schedule.at', 'drill.schedule'],
      at,
    );
  }
});

test('a mistyped key or word is answered with the nearest one', () => {
  const parsed = parseConfig(`${BASE}on-isolaton: stop\nfailback: { policy: manul }\nfrobnicate: 1\n`);
  assert.ok(!parsed.ok);
  const remedies = parsed.problems.map((each) => each.remedy);
  assert.equal(remedies[0], 'did you mean on-isolation?');
  assert.equal(remedies[1], 'did you mean manual? (auto, when-idle, manual)');
  assert.match(remedies[2] ?? '', /^keys here: node, peer, listen/);
});

test('broken YAML is told with its place, and nothing throws', () => {
  assert.ok(bad(`${BASE}node: 5\n`).some((line) => /^3:1 .*unique/.test(line)));
  assert.ok(bad('').length > 0);
  assert.ok(bad('- 1').length > 0);
  assert.ok(bad(`${BASE}a: *nowhere`).some((line) => line.includes('alias')));
  assert.ok(bad(`${BASE}---\n${BASE}`).some((line) => line.includes('second document')));
  assert.ok(bad('__proto__: { role: main }').some((line) => line.includes('plain word')));
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]\n`;
  assert.ok(bad(BASE + bomb).some((line) => /alias/i.test(line)));
  assert.ok(bad('x'.repeat(1024 * 1024 + 1)).length > 0);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => !parseConfig(text).ok),
    { numRuns: 300 },
  );
});

test('no mutilated example makes the parser throw, and what it accepts it can print', () => {
  const text = example('three-checkpoints.yaml');
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 6 }), (at, drop, insert) => {
      const parsed = parseConfig(text.slice(0, at) + insert + text.slice(at + drop));
      if (parsed.ok) return printConfig(parsed.config).length > 0;
      return parsed.problems.every(
        (each) => each.line >= 1 && each.column >= 1 && each.message !== '' && each.remedy !== '',
      );
    }),
    { numRuns: 300 },
  );
});

test('old words are understood and said', () => {
  const parsed = parseConfig(BASE.replace('main', 'slave'));
  assert.ok(parsed.ok);
  assert.equal(parsed.config.node.role, 'standby');
  assert.deepEqual(parsed.notes, ['node.role slave is understood as standby']);
});

test('presets fill in, profiles below them, and each key of the file wins by itself', () => {
  const classic = good(`${BASE}preset: classic\nwatch: { bad-looks: 4 }\n`);
  assert.deepEqual(classic.watch, { kind: 'looks', everyMs: 60_000, badLooks: 4, pings: 3, pingGapMs: 10_000 });
  assert.equal(classic.failback.policy, 'auto');
  assert.deepEqual(good(`${BASE}preset: classic\nwatch: { kind: lease }\n`).watch, { kind: 'lease' });
  const blog = good(`${BASE}preset: blog2012`).watch;
  assert.deepEqual(blog, { kind: 'looks', everyMs: 30_000, badLooks: 2, pings: 1, pingGapMs: 10_000 });
  const remsys = good(
    `${BASE}preset: remsys\narbiter: { kind: checkpoints, checkpoints: [{ kind: ping, name: r, address: 10.0.0.9 }] }`,
  );
  assert.equal(remsys.failback.policy, 'manual');
  assert.equal(remsys.streams.files.schedule.at, '*/2 * * * *');
  assert.ok(remsys.streams.files.reload.length > 0, 'what the profile says of files stays');
  assert.equal(remsys.gate.refuse, true);
  assert.ok(remsys.watch.kind === 'looks' && remsys.watch.badLooks === 5 && remsys.watch.everyMs === 60_000);
  const quick = good(
    `${BASE}preset: quick\nprobes: { tcp: [{ name: web, port: 80 }, { name: x, port: 81, timeout: 70ms }] }`,
  );
  assert.deepEqual(
    [quick.timing.heartbeatMs, quick.timing.promiseMs, quick.timing.leaseMs, quick.probes.ami?.periodMs],
    [40, 200, 170, 40],
  );
  assert.deepEqual(
    quick.probes.tcp.map((each) => [each.periodMs, each.timeoutMs]),
    [
      [40, 100],
      [40, 70],
    ],
  );
  const fast = good(BASE);
  assert.deepEqual([fast.timing.heartbeatMs, fast.timing.promiseMs, fast.timing.leaseMs], [100, 600, 560]);
  assert.deepEqual(fast.failback, { policy: 'when-idle', holdMs: 60_000, maxWaitMs: 1_800_000 });
  assert.equal(good(`${BASE}profile: xivo`).services.length, 14);
});

test('secrets in commands are hidden on print', () => {
  const config = good(
    `${BASE}hooks: [{ name: dns, run: [/bin/x, --token, abc, --password=def, "https://me:ghi@host/"] }]`,
  );
  const text = printConfig(config);
  for (const secret of ['abc', 'def', 'ghi']) assert.ok(!text.includes(secret), secret);
});
