import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, test } from 'node:test';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Stream } from '../stream.ts';
import type { RsyncCall } from './rsync.ts';
import { createFilesStream, type FilesStreamOptions } from './stream.ts';
import type { Transfer, TransferLimits } from './transfer.ts';

const clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at: (at: number, fire: () => void) => {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

let folder = '';
let streams: Stream[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-files-'));
  mkdirSync(join(folder, 'a'));
  mkdirSync(join(folder, 'b'));
});
afterEach(async () => {
  for (const stream of streams) await stream.stop();
  streams = [];
  rmSync(folder, { recursive: true, force: true });
});

const fine: Result<Transfer> = ok({ changed: 1, bytes: 10, unsafeLinks: [], unsafeCount: 0, tookMs: 1 });

/** A stream over a pretended rsync whose calls can be waited for. */
const make = (over: Partial<FilesStreamOptions> = {}) => {
  const calls: string[] = [];
  const said: string[] = [];
  const notes: unknown[] = [];
  let waiting: { holds: () => boolean; resolve: () => void } | null = null;
  const check = (): void => {
    if (waiting?.holds() === true) waiting.resolve();
  };
  const made = {
    answer: (call: RsyncCall, limits: TransferLimits): Promise<Result<Transfer>> =>
      Promise.resolve(limits.signal.aborted || call.way === 'pull' ? assert.fail('not now') : fine),
  };
  const stream = createFilesStream({
    name: 'files',
    role: 'main',
    target: {
      user: 'root',
      address: '127.0.0.1',
      port: 22,
      hostAlias: 'peer',
      keyFile: '/k',
      knownHostsFile: '/h',
      connectTimeoutMs: 1000,
      controlPath: null,
    },
    directories: ['a', 'b'].map((name) => ({ path: join(folder, name), deletions: true })),
    exclude: [],
    onChange: true,
    settleMs: 20,
    schedule: { at: '0 * * * *', missed: 'skip' },
    bandwidthKbps: 0,
    timeLimitMs: 5000,
    stateDir: folder,
    clock,
    reporter: {
      note: (_, data) => {
        notes.push(data);
        setImmediate(check);
      },
      say: (level, code, text) => {
        said.push(`${level} ${code}`);
        if (/^(ssh|files-(well|disk|not-received))/.test(code)) assert.match(text, /The stream files (follows|does)/);
      },
    },
    backOffMs: { first: 20, last: 100 },
    transfer: (call, limits) => {
      calls.push(
        `${call.here.slice(folder.length + 1, -1)}:${call.only === null ? '*' : call.only.toSorted().join('|')}`,
      );
      setImmediate(check);
      return made.answer(call, limits);
    },
    ...over,
  });
  streams.push(stream);
  stream.start();
  const until = (holds: () => boolean): Promise<void> =>
    holds()
      ? Promise.resolve()
      : new Promise((resolve) => {
          waiting = { holds, resolve };
        });
  return { stream, calls, said, notes, until, made };
};

const SERVES = { holding: 2, highest: 2 };
const PASSIVE = { holding: 0, highest: 3 };
const options = () => ({ signal: AbortSignal.timeout(5000), onProgress: () => undefined });

test('only the main sends, and only while it serves', async () => {
  const standby = make({ role: 'standby' });
  standby.stream.setRight(SERVES);
  assert.deepEqual([standby.stream.status().condition, standby.stream.status().direction], ['waiting', 'in']);
  const refused = await standby.stream.run?.(options());
  assert.equal(refused?.ok === false && refused.error.code, 'files-not-sending');
  const main = make();
  main.stream.setRight(PASSIVE);
  assert.equal(main.stream.status().condition, 'waiting');
  main.stream.setRight(SERVES);
  await main.until(() => main.notes.length > 0);
  assert.deepEqual(main.calls, ['a:*', 'b:*']);
  const status = main.stream.status();
  assert.deepEqual([status.condition, status.direction, status.rows, status.lagMs], ['in-step', 'out', 2, 0]);
  assert.deepEqual(standby.calls, []);
  assert.equal(make({ directories: [] }).stream.status().condition, 'off');
});

test('a change is copied where it was, and nothing else', async () => {
  const { stream, calls, until, notes } = make();
  stream.setRight(SERVES);
  await until(() => notes.length > 0);
  mkdirSync(join(folder, 'b', 'sub'));
  writeFileSync(join(folder, 'b', 'sub', 'f'), 'x');
  await until(() => calls.length > 2);
  assert.equal(calls[2], 'b:|sub');
});

test('a run that loses the right ends at once; with the right back everything is compared', async () => {
  const { stream, calls, until, made } = make();
  const aborted: string[] = [];
  made.answer = (_, { signal }) =>
    new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        aborted.push('x');
        resolve(fail('files-aborted', 'The run was called off.', 'Nothing to do.'));
      }),
    );
  stream.setRight(SERVES);
  await until(() => calls.length === 1);
  assert.equal(stream.status().condition, 'running');
  stream.setRight(PASSIVE);
  assert.equal(aborted.length, 1);
  made.answer = () => Promise.resolve(fine);
  stream.setRight({ holding: 4, highest: 4 });
  await until(() => calls.length >= 3);
  assert.deepEqual(calls.slice(1, 3), ['a:*', 'b:*']);
});

test('what failed is tried again by itself, said once, and said to be well again', async () => {
  const { stream, calls, said, until, made, notes } = make({ onChange: false, alarmAfterMs: 50 });
  made.answer = () => Promise.resolve(fail('ssh-unreachable', 'Not reached.', 'See.'));
  stream.setRight(SERVES);
  await until(() => calls.length >= 4 && said.length >= 2);
  // Nobody answers at the one directory, so the others are not tried.
  assert.deepEqual(new Set(calls), new Set(['a:*']));
  assert.equal(stream.status().condition, 'failed');
  assert.equal(stream.status().lastError?.code, 'ssh-unreachable');
  made.answer = () => Promise.resolve(fine);
  const before = notes.length;
  await until(() => notes.length > before && stream.status().lastSuccess !== null);
  assert.deepEqual(said, ['warning ssh-unreachable', 'alarm ssh-unreachable', 'info files-well']);
  assert.equal(stream.status().lastError?.code, 'ssh-unreachable');
});

test("one directory's own fault does not keep the others from following; only it is tried again", async () => {
  const { stream, calls, said, until, made } = make({ onChange: false });
  made.answer = (call) =>
    Promise.resolve(call.here.endsWith('/a/') ? fail('files-disk-full', 'Full.', 'Make space.') : fine);
  stream.setRight(SERVES);
  await until(() => calls.length >= 4);
  assert.deepEqual(calls.slice(0, 4), ['a:*', 'b:*', 'a:*', 'a:*']);
  assert.deepEqual(said, ['alarm files-disk-full']);
});

test('the other node that serves blocks, by its own words', async () => {
  const { stream, until, made, notes, said } = make({ onChange: false, alarmAfterMs: 0 });
  made.answer = () => Promise.resolve(fail('files-not-received', 'The standby serves.', 'Wait.'));
  stream.setRight(SERVES);
  await until(() => notes.length > 2);
  assert.equal(stream.status().condition, 'blocked');
  assert.deepEqual(said, ['warning files-not-received']);
});

test('a missing directory and a link that leads out are warnings, told once', async () => {
  rmSync(join(folder, 'a'), { recursive: true });
  const { stream, said, until, made, notes, calls } = make({ onChange: false });
  made.answer = () => Promise.resolve(ok({ changed: 0, bytes: 0, unsafeLinks: ['x'], unsafeCount: 1, tookMs: 1 }));
  stream.setRight(SERVES);
  await until(() => notes.length > 0);
  const run = await stream.run?.(options());
  assert.ok(run?.ok);
  assert.deepEqual(
    run.value.warnings.map(({ code }) => code),
    ['files-directory-missing', 'files-link-outside'],
  );
  assert.deepEqual(said, ['warning files-directory-missing', 'warning files-link-outside']);
  assert.deepEqual(new Set(calls), new Set(['b:*']));
  assert.match(stream.status().warnings?.join(' ') ?? '', /a is missing here .* out of .*b and did not follow: x\.$/);
});

test('what did not follow stays to be seen while single changes do', async () => {
  const { stream, until, made, notes, calls } = make();
  made.answer = () => Promise.resolve(ok({ changed: 1, bytes: 0, unsafeLinks: ['x'], unsafeCount: 1, tookMs: 1 }));
  stream.setRight(SERVES);
  await until(() => notes.length > 0);
  made.answer = () => Promise.resolve(fine);
  writeFileSync(join(folder, 'a', 'new'), '');
  await until(() => calls.includes('a:') && notes.length > 1);
  assert.equal(stream.status().warnings?.length, 2);
  assert.match(stream.status().text, /did not follow: x/);
  assert.ok((await stream.run?.(options()))?.ok);
  assert.deepEqual(stream.status().warnings, []);
});

test('a run on request joins the one under way; two at once never happen', async () => {
  const { stream, until, made, calls } = make({ onChange: false });
  let atOnce = 0;
  let most = 0;
  const release: (() => void)[] = [];
  made.answer = async (_, { signal }) => {
    if (signal.aborted) return fail('files-aborted', 'The run was called off.', 'Nothing to do.');
    signal.addEventListener('abort', () => release.shift()?.());
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise<void>((resolve) => release.push(resolve));
    atOnce -= 1;
    return fine;
  };
  stream.setRight(SERVES);
  await until(() => calls.length === 1);
  const request = stream.run ?? assert.fail();
  const runs = [request(options()), request(options())];
  const pump = setInterval(() => release.shift()?.(), 2);
  const results = await Promise.all(runs);
  clearInterval(pump);
  assert.ok(results.every(({ ok: went }) => went));
  assert.equal(most, 1);
});

test('a directory that is missing is said, and costs the others nothing; once it is there all is compared', async () => {
  rmSync(join(folder, 'a'), { recursive: true });
  const { stream, said, until, calls } = make({ blindMs: 40 });
  stream.setRight(SERVES);
  await until(() => said.includes('warning files-not-all-seen') && calls.includes('b:*'));
  mkdirSync(join(folder, 'a'));
  await until(() => calls.includes('a:*') && calls.filter((call) => call === 'b:*').length === 2);
  const before = calls.length;
  appendFileSync(join(folder, 'a', 'f'), 'x');
  await until(() => calls.slice(before).some((call) => call === 'a:' || call === 'a:*'));
  assert.equal(calls.filter((call) => call === 'b:*').length, 2);
});
