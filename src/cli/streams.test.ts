import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createFakePair } from '../agent/testing/pair.ts';
import { createTime } from '../agent/testing/time.ts';
import { type ApiServer, openApiServer } from '../api/server.ts';
import type { NodeSnapshot } from '../api/snapshot.ts';
import { ok, type Result } from '../core/result.ts';
import type { StreamStatus } from '../replication/stream.ts';
import type { LossView } from '../replicator/protocol.ts';
import { main } from './main.ts';
import { renderStatus } from './render/status.ts';
import { streamLines } from './render/streams.ts';
import { styleFor } from './render/style.ts';
import { createSaid } from './testing/said.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-cli-streams-'));
const socket = join(folder, 'control.sock');
const plain = styleFor({ isTTY: false });
const WALL = 1_800_000_000_000;

const status = (more: Partial<StreamStatus>): StreamStatus => ({
  name: 'database',
  direction: 'out',
  condition: 'in-step',
  text: 'all is there',
  lagMs: 40_000,
  lastSuccess: WALL - 40_000,
  lastError: null,
  nextRun: WALL + 840_000,
  rows: 100,
  bytes: 2000,
  tookMs: 982,
  progress: null,
  ...more,
});

const loss = (exceedsLimit: boolean): LossView => ({
  move: 'takeover',
  exceedsLimit,
  text: 'Database: what changed on the main in the last 2 min is not on the standby.',
  items: [{ stream: 'database', text: 'Database: what changed on the main in the last 2 min is not on the standby.' }],
});

/** What the agent says; tests change it. */
const agent: { snapshot: NodeSnapshot; told: Result<unknown>; given: string[] } = {
  snapshot: null as never,
  told: ok(null),
  given: [],
};
let server: ApiServer | null = null;

before(async () => {
  const pair = createFakePair(createTime());
  await pair.start('main');
  await pair.start('standby');
  await pair.pass(2500);
  const real = pair.nodeByRole.main?.agent.snapshot();
  assert.ok(real !== undefined);
  agent.snapshot = { ...real, wall: WALL };
  for (const role of ['main', 'standby'] as const) await pair.nodeByRole[role]?.agent.stop('test');
  const opened = await openApiServer(
    { path: socket, group: null },
    {
      snapshot: () => agent.snapshot,
      command: async ({ command }) => {
        agent.given.push(command.name);
        return { ok: true, code: 'done', text: 'It came about.', remedy: '' };
      },
      work: async () => agent.told,
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

const withStreams = (streams: Partial<NodeSnapshot['streams']>): NodeSnapshot => ({
  ...agent.snapshot,
  streams: { astdb: null, copied: [], merge: null, loss: null, trouble: null, ...streams },
});

const say = async (...argv: string[]) => {
  const said = createSaid();
  agent.given = [];
  const code = await main([...argv, '--socket', socket], said.output);
  return { code, ...said.now(), given: agent.given };
};

test('a row for each stream, in 80 columns; what failed with its remedy', () => {
  const lastError = { code: 'x', message: 'The disk of the standby is full.', remedy: 'Make space there.', at: WALL };
  const lines = streamLines(
    withStreams({
      astdb: { ...status({ name: 'astdb', lagMs: 200, nextRun: null, tookMs: null }), connected: true, limit: null },
      copied: [
        status({}),
        status({
          name: 'files',
          condition: 'failed',
          lagMs: null,
          lastSuccess: WALL - 7_260_000,
          lastError,
          tookMs: 1200,
        }),
        status({
          name: 'voicemail',
          condition: 'running',
          progress: { what: 'x', done: 1, total: 3 },
          lastSuccess: null,
        }),
        status({
          name: 'collected',
          warnings: ['A link leads out of /a and did not follow: b.'],
          condition: 'running',
          progress: { what: 'x', done: 3, total: 3 },
          tookMs: null,
        }),
      ],
      merge: { condition: 'nothing', text: 'nothing is to be brought home', last: 'merge 3' },
      loss: loss(true),
    }),
    plain,
  );
  assert.equal(
    lines.join('\n'),
    `
  stream      way  condition   behind by last good run            next run
  astdb       out  in step     200 ms    -                        -
  database    out  in step     40 s      40 s ago, took 982 ms    in 14 min
  files       out  FAILED      -         2 h ago, took 1.2 s      in 14 min
              The disk of the standby is full.
              Make space there.
  voicemail   out  running 33% 40 s      never                    in 14 min
  collected   out  running 99% 40 s      40 s ago                 in 14 min
              ! A link leads out of /a and did not follow: b.
  merge       nothing is to be brought home (merge 3)
  loss        if service moved now, more than streams.loss-limit would be
              missing:
              Database: what changed on the main in the last 2 min is not on the
              standby.
`,
  );
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test('of several streams each is told: what was copied, and what failed with its next step', async () => {
  const run = { stream: 'files', startedAt: 1, tookMs: 1200, changed: 3, bytes: 9, text: '3 changed, 9 bytes' };
  const warning = { code: 'y', message: 'The directory /a is missing here.', remedy: 'Make it.' };
  const runs = [{ ...run, warnings: [warning] }];
  const fault = {
    code: 'streams-not-all',
    message: 'database: The disk of \u001b[2J is full. The others were copied.',
    remedy: 'Make space.',
  };
  agent.told = { ok: false, error: Object.assign(fault, { runs }) };
  const said = await say('replicate');
  assert.equal(said.code, 1);
  assert.equal(said.out, 'files: 3 changed, 9 bytes (1.2 s)\n');
  assert.match(
    said.err,
    /! The directory \/a is missing here\.\n {4}Make it\.\ndualtone: database: The disk of \\u001b\[2J is full\. .*\n {4}Make space\.\n$/,
  );
  const asJson = JSON.parse((await say('replicate', '--json')).out) as Readonly<Record<string, unknown>>;
  assert.deepEqual([asJson['ok'], asJson['code'], asJson['runs']], [false, 'streams-not-all', runs]);
  agent.told = ok(runs);
  assert.deepEqual(
    [(await say('replicate')).code, (await say('replicate')).out],
    [0, 'files: 3 changed, 9 bytes (1.2 s)\n'],
  );
});

test('where nothing follows, there is no table; where a stream failed, a line for a person and exit code 5', async () => {
  const usual = agent.snapshot;
  assert.deepEqual(streamLines(withStreams({}), plain), []);
  assert.doesNotMatch(renderStatus(withStreams({}), plain), /behind by/);
  agent.snapshot = withStreams({ copied: [status({ condition: 'failed', text: 'it did not work' })] });
  const said = await say('status');
  assert.equal(said.code, 5);
  assert.match(said.out, /\n {2}! database does not follow: it did not work\n/);
  agent.snapshot = withStreams({ copied: [status({})], trouble: null });
  assert.equal((await say('status')).code, 0);
  agent.snapshot = usual;
});

test('above the limit a person must accept the loss; below it, it is said', async () => {
  const usual = agent.snapshot;
  agent.snapshot = withStreams({ loss: loss(true) });
  agent.told = ok(loss(true));
  const refused = await say('switchover');
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /! Database: what changed .* 2 min .*\n.*was not moved\.\n {4}run `dualtone replicate`.*--accept-loss/,
  );
  assert.deepEqual(refused.given, []);
  const asJson = await say('switchover', '--json');
  assert.deepEqual([asJson.code, (JSON.parse(asJson.out) as { code: string }).code], [1, 'loss-not-accepted']);
  const accepted = await say('switchover', '--accept-loss');
  assert.deepEqual([accepted.code, accepted.given], [0, ['switchover']]);
  agent.told = ok(loss(false));
  const told = await say('switchover');
  assert.deepEqual([told.code, told.given], [0, ['switchover']]);
  assert.match(told.err, /! Database/);
  agent.snapshot = usual;
});

test('a preview gives no order, and says what would hold one up', async () => {
  const usual = agent.snapshot;
  agent.snapshot = withStreams({ loss: loss(true) });
  agent.told = ok(loss(true));
  const held = await say('switchover', '--preview');
  assert.deepEqual([held.code, held.given], [1, []]);
  assert.match(held.out, /^Service would move from .*main.* to .*standby.*\. Nothing is changed now\.\n/);
  assert.match(held.out, /\n {2}data {2}! Database: what changed .*\n/);
  assert.match(held.out, /would be refused without --accept-loss/);
  agent.told = ok(loss(false));
  const free = await say('switchover', '--preview', '--json');
  assert.deepEqual([free.code, free.given], [0, []]);
  assert.equal((JSON.parse(free.out) as { to: string }).to, 'standby');
  const idle = await say('failback', '--preview');
  assert.deepEqual([idle.code, idle.given], [1, []]);
  assert.match(idle.out, /^Service is on .*main.* already\.\n$/);
  agent.snapshot = usual;
});

test('what cannot be told counts as lost, except for `start`; a move that moves nothing asks nothing', async () => {
  const usual = agent.snapshot;
  const elsewhere: NodeSnapshot = { ...withStreams({ loss: loss(true) }), server: 'other' };
  agent.snapshot = elsewhere;
  agent.told = { ok: false, error: { code: 'replicator-ended', message: 'The replicator ended.', remedy: 'Wait.' } };
  const refused = await say('takeover');
  assert.deepEqual([refused.code, refused.given], [1, []]);
  assert.match(refused.err, /What would be lost cannot be told: The replicator ended\./);
  assert.deepEqual((await say('start')).given, ['start']);
  assert.deepEqual((await say('failback', '--accept-loss')).given, ['failback']);
  agent.snapshot = { ...elsewhere, server: 'this' };
  assert.deepEqual((await say('failback')).given, ['failback']);
  assert.deepEqual((await say('takeover')).given, ['takeover']);
  agent.snapshot = usual;
});
