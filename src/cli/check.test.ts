import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ApiServer, openApiServer } from '../api/server.ts';
import type { CheckResult, ChecksView, Finding, NodeReport, Severity } from '../checks/report.ts';
import { goodSnapshot } from '../checks/testing/around.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { generateKey } from '../peer/key.ts';
import { main } from './main.ts';
import { renderStatus } from './render/status.ts';
import { styleFor } from './render/style.ts';
import { createSaid } from './testing/said.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-check-'));
const socket = join(folder, 'control.sock');
const plain = styleFor({ isTTY: false });
const agent: { told: Result<unknown>; asked: unknown[] } = { told: ok(null), asked: [] };
let server: ApiServer | null = null;

before(async () => {
  const opened = await openApiServer(
    { path: socket, group: null },
    {
      snapshot: () => goodSnapshot,
      command: async () => ({ ok: false, code: '', text: '', remedy: '' }),
      work: async ({ work }) => {
        agent.asked.push(work);
        return agent.told;
      },
      readJournal: () => [],
      onChange: () => () => undefined,
    },
  );
  assert.ok(opened.ok);
  server = opened.value;
});

after(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const result = (id: string, severity: Severity, finding: Finding, more: Partial<CheckResult> = {}): CheckResult => ({
  id,
  about: 'It holds.',
  severity,
  scope: 'node',
  finding,
  accepted: false,
  at: 10_000_000,
  since: 10_000_000,
  tookMs: 3,
  ...more,
});

const good: Finding = { outcome: 'pass', evidence: 'fine' };
const bad: Finding = { outcome: 'fail', evidence: 'the cable is out', remedy: 'put it in' };

const report = (node: string, role: NodeReport['role'], results: readonly CheckResult[]): NodeReport => ({
  node,
  role,
  at: 1,
  results,
});

const view = (own: readonly CheckResult[], more: Partial<ChecksView> = {}): ChecksView => ({
  readiness: { state: 'ready', text: 'ready: pbx2 could take over now', reasons: [], loss: null },
  since: null,
  own: report('pbx1', 'main', own),
  other: report('pbx2', 'standby', [result('address-here', 'critical', good)]),
  otherHeardMsAgo: 300,
  history: [],
  trouble: null,
  ...more,
});

const say = async (...argv: string[]) => {
  const said = createSaid();
  agent.asked = [];
  const code = await main(['check', ...argv], said.output);
  return { code, ...said.now() };
};

test('ready: exit code 0, the answer first; both nodes are asked', async () => {
  agent.told = ok(view([result('address-here', 'critical', good)]));
  const said = await say('--socket', socket);
  assert.deepEqual(agent.asked, [{ name: 'check', only: null }]);
  assert.equal(said.code, 0);
  assert.equal(
    said.out,
    `The pair is ready: pbx2 could take over now.

    ok  address-here on pbx1: fine
    ok  address-here on pbx2: fine

  2 passed, 0 failed, 0 not known, 0 do not apply
`,
  );
});

test('what fails stands first, worst first, with its remedy; what is not known once for each reason', async () => {
  const why: Finding = { outcome: 'unknown', why: 'no answer' };
  const readiness = {
    state: 'not-ready',
    text: 'NOT READY: pbx2 could not take over: cable: the cable is out (and 1 more)',
    reasons: [],
    loss: 'Nothing would be lost now.',
  } as const;
  const own = [
    result('disk', 'warning', bad, { since: 1 }),
    result('cable', 'critical', bad),
    result('one', 'critical', why),
    result('two', 'warning', why),
    result('old', 'warning', bad, { accepted: true }),
    result('none', 'advice', { outcome: 'not-applicable', why: 'not here' }),
  ];
  agent.told = ok(view(own, { readiness, other: null, otherHeardMsAgo: null }));
  const said = await say('--socket', socket);
  assert.equal(said.code, 6);
  const lines = said.out.split('\n');
  assert.match(lines[0] ?? '', /^The pair is NOT READY: pbx2 could not take over/);
  assert.equal(lines[1], '  If it moved now: Nothing would be lost now.');
  assert.deepEqual(
    lines.filter((line) => line.startsWith('  ! ')),
    ['  ! cable on pbx1 (critical)', '  ! disk on pbx1 (warning) for 2 h 47 min', '  ! old on pbx1 (accepted)'],
  );
  assert.match(said.out, /the cable is out\n {6}To mend it: put it in\n/);
  assert.match(said.out, /\? not known on pbx1: no answer\n {6}one, two\n/);
  assert.match(
    said.out,
    /The checks of the other node are not known here\.\n {2}0 passed, 3 failed, 2 not known, 1 do not apply/,
  );
  for (const line of lines.slice(1)) assert.ok(line.length <= 80, line);
});

test('one check has its own exit code, whatever else fails; a name that there is not is wrong usage', async () => {
  const readiness = { state: 'not-ready', text: 'NOT READY', reasons: [], loss: null } as const;
  const only = async (finding: Finding, severity: Severity, more: Partial<CheckResult> = {}) => {
    const mine = result('disk-space', severity, finding, more);
    agent.told = ok(view([mine, result('gate-there', 'critical', bad)], { readiness, other: null }));
    const said = await say('--only', 'disk-space', '--socket', socket);
    assert.doesNotMatch(said.out, /gate-there/);
    return said.code;
  };
  assert.equal(await only(good, 'critical'), 0);
  assert.equal(await only({ outcome: 'not-applicable', why: 'x' }, 'critical'), 0);
  assert.equal(await only(bad, 'warning'), 5);
  assert.equal(await only({ outcome: 'unknown', why: 'x' }, 'critical'), 5);
  assert.equal(await only(bad, 'critical'), 6);
  assert.equal(await only(bad, 'critical', { accepted: true }), 0);
  assert.deepEqual(agent.asked, [{ name: 'check', only: 'disk-space' }]);
  const odd = await say('--only', 'disk-speed', '--socket', socket);
  assert.deepEqual([odd.code, agent.asked], [2, []]);
  assert.match(odd.err, /there is no check disk-speed/);
});

test('with --json everything, and the exit code as without', async () => {
  const readiness = { state: 'degraded', text: 'degraded: x', reasons: ['x'], loss: null } as const;
  agent.told = ok(view([result('disk-space', 'warning', bad)], { readiness }));
  const said = await say('--json', '--socket', socket);
  assert.equal(said.code, 5);
  assert.equal((JSON.parse(said.out) as ChecksView).own?.results[0]?.id, 'disk-space');
});

test('without an agent, or without its checker, it tries by itself and says so', async () => {
  writeFileSync(join(folder, 'pair.key'), generateKey(), { mode: 0o600 });
  const file = join(folder, 'node.yaml');
  writeFileSync(
    file,
    `key-file: ${folder}/pair.key\nstate-dir: ${folder}\nrun-dir: ${folder}/run\nnode: { role: main, name: a, address: 127.0.0.1 }\npeer: { name: b, address: 10.255.255.1 }\nstreams: { astdb: { enabled: false } }\nprobes: { ami: null }\n`,
  );
  const alone = await say('--config', file, '--only', 'secrets-private');
  assert.equal(alone.code, 0, alone.err);
  assert.match(alone.err, /no agent is running there.*\nWhat this program can try by itself:/);
  assert.match(alone.out, /ok {2}secrets-private on a: 1 files are private/);
  assert.match(alone.out, /Not all could be tried: no agent runs here\./);
  agent.told = fail('checks-off', 'Nothing is checked on this node: `checks.enabled` is off.', 'Set it.');
  const off = await say('--config', file, '--socket', socket, '--only', 'secrets-private', '--json');
  assert.equal(off.code, 0, off.err);
  agent.told = fail('cancelled', 'The check was called off.', 'Ask again.');
  assert.equal((await say('--config', file, '--socket', socket)).code, 1);
});

test('the history: what changed, and the share of each state', async () => {
  const entries = [
    {
      wall: Date.now() - 100_000,
      what: 'readiness',
      from: 'unknown',
      to: 'ready',
      text: 'ready: b could take over now',
    },
    { wall: Date.now() - 50_000, what: 'disk-space', from: 'pass', to: 'fail', text: '/var: 3 MiB free' },
    { wall: Date.now() - 10_000, what: 'readiness', from: 'ready', to: 'not-ready', text: 'NOT READY: x' },
  ];
  writeFileSync(join(folder, 'checks.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const said = await say('--history', '--config', join(folder, 'node.yaml'));
  assert.equal(said.code, 0);
  assert.match(said.out, /disk-space: pass -> fail {2}\/var: 3 MiB free\n.*readiness: ready -> not-ready/);
  assert.match(said.out, /\nready (89|90)\.\d %, not-ready (9|10)\.\d %\n$/);
  const one = await say('--history', '--only', 'disk-space', '--json', '--config', join(folder, 'node.yaml'));
  assert.equal((JSON.parse(one.out) as { entries: unknown[] }).entries.length, 1);
});

test('status has one line of readiness, and none where nothing is checked', () => {
  assert.doesNotMatch(renderStatus(goodSnapshot, plain), /\n {2}checks /);
  const checks = view([], { since: goodSnapshot.wall });
  assert.match(
    renderStatus({ ...goodSnapshot, checks }, plain),
    /\n {2}checks {6}ready: pbx2 could take over now \(since 20/,
  );
  const none = view([], {
    readiness: { state: 'unknown', text: '', reasons: [], loss: null },
    trouble: 'it just starts',
  });
  assert.match(
    renderStatus({ ...goodSnapshot, checks: none }, plain),
    /\n {2}checks {6}not known yet: it just starts\n/,
  );
});
