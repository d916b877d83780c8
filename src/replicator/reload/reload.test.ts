import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTime } from '../../agent/testing/time.ts';
import { fail, ok } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import { wazoStreams, xivoStreams } from '../../profiles/xivo/streams.ts';
import type { Answerer, Talk } from '../../replication/talk.ts';
import { createReload, planReload, type ReloadRule } from './reload.ts';

const rules: readonly ReloadRule[] = [
  { tables: ['queue*'], paths: [], run: null, restart: [], asterisk: ['app_queue.so', 'gone.so'] },
  {
    tables: ['sip', 'queuemember'],
    paths: [],
    run: ['/usr/bin/generate', 'x'],
    restart: ['auth.service', 'off.service'],
    asterisk: ['res_pjsip.so'],
  },
  { tables: [], paths: ['/etc/asterisk/ext*', '*.wav'], run: null, restart: [], asterisk: ['pbx_config.so'] },
];

interface World {
  /** What programs answer, by their words; 0 and no words where nothing stands here. */
  readonly answers: Map<string, { readonly exitCode: number; readonly stdout: string } | 'missing'>;
  readonly ran: string[];
  readonly notes: unknown[];
  readonly said: string[];
  hang: boolean;
}

const open = () => {
  const time = createTime();
  const world: World = { answers: new Map(), ran: [], notes: [], said: [], hang: false };
  let answerer: Answerer = async () => ok(null);
  const talk: Talk = {
    ask: async () => ok(null),
    answer: (_question, given) => {
      answerer = given;
    },
    onConnected: () => undefined,
    stop: () => undefined,
  };
  const run: Run = async (argv, { signal }) => {
    const line = argv.join(' ');
    world.ran.push(line);
    if (world.hang)
      await new Promise((resolve) => {
        signal?.addEventListener('abort', resolve, { once: true });
      });
    if (signal?.aborted === true) return fail('program-aborted', 'It was stopped.', 'Nothing.');
    const answer = world.answers.get(line);
    if (answer === 'missing') return fail('program-missing', 'It is not there.', 'Install it.');
    return ok({ exitCode: 0, stdout: '', ...answer, endedBy: null, stderr: '', tookMs: 1 });
  };
  const reporter = {
    note: (_kind: string, data: unknown) => void world.notes.push(data),
    say: (_level: string, code: string) => void world.said.push(code),
  };
  const reload = createReload({ rules, talk, run, clock: time.clock, reporter });
  reload.start();
  const changed = (...tables: string[]) => answerer({ tables });
  return { time, world, reload, changed, odd: (parameters: unknown) => answerer(parameters) };
};

test('what the rules name is done once: programs, then units that run, then modules that are there', async () => {
  const { time, world, reload, changed } = open();
  world.answers.set('systemctl is-active --quiet off.service', { exitCode: 3, stdout: '' });
  world.answers.set('asterisk -rx module reload gone.so', { exitCode: 0, stdout: "No such module 'gone.so'\n" });
  assert.ok((await changed('queue')).ok);
  await time.pass(600);
  await changed('queuemember', 'userfeatures');
  await time.pass(600);
  assert.deepEqual(world.ran, []);
  await time.pass(2000);
  assert.deepEqual(world.ran, [
    '/usr/bin/generate x',
    'systemctl is-active --quiet auth.service',
    'systemctl restart auth.service',
    'systemctl is-active --quiet off.service',
    'asterisk -rx core show uptime seconds',
    'asterisk -rx module reload app_queue.so',
    'asterisk -rx module reload gone.so',
    'asterisk -rx module reload res_pjsip.so',
  ]);
  assert.deepEqual(world.notes, [
    {
      done: ['/usr/bin/generate x', 'auth.service', 'app_queue.so', 'res_pjsip.so'],
      passedOver: ['off.service', 'gone.so'],
      faults: [],
      ended: false,
      text: 'reloaded: /usr/bin/generate x, auth.service, app_queue.so, res_pjsip.so',
    },
  ]);
  assert.deepEqual(world.said, []);
  await reload.stop();
});

test('tables that nothing caches, an odd question, a program that is not installed, an Asterisk that does not run', async () => {
  const { time, world, reload, changed, odd } = open();
  await changed('callerid');
  await time.pass(2000);
  assert.deepEqual([world.ran, world.notes], [[], []]);
  assert.ok(!(await odd({ tables: [1] })).ok);
  assert.ok(!(await odd({ tables: [], files: 'all' })).ok);
  assert.ok(!(await odd(null)).ok);
  world.answers.set('/usr/bin/generate x', 'missing');
  world.answers.set('asterisk -rx core show uptime seconds', { exitCode: 1, stdout: '' });
  await changed('sip');
  await time.pass(2000);
  assert.ok(world.ran.every((line) => !line.includes('module reload')));
  assert.deepEqual(world.notes, [
    {
      done: ['auth.service', 'off.service'],
      passedOver: ['/usr/bin/generate x', 'asterisk'],
      faults: [],
      ended: false,
      text: 'reloaded: auth.service, off.service',
    },
  ]);
  assert.deepEqual(world.said, []);
  await reload.stop();
});

test('a failure is told once, and again after it was well; the others have their turn', async () => {
  const { time, world, reload, changed } = open();
  const line = 'asterisk -rx module reload app_queue.so';
  const bad = { exitCode: 0, stdout: "The module 'app_queue.so' was not properly initialized." };
  const again = async () => {
    await changed('queue');
    await time.pass(12_000);
  };
  world.answers.set(line, bad);
  await again();
  await again();
  assert.deepEqual(world.said, ['reload-failed']);
  assert.equal(world.ran.filter((ran) => ran.endsWith('gone.so')).length, 2);
  world.answers.delete(line);
  await again();
  world.answers.set(line, bad);
  await again();
  assert.deepEqual(world.said, ['reload-failed', 'reload-failed']);
  await reload.stop();
});

test('who serves reloads nothing, and ends at once what is under way', async () => {
  const { time, world, reload, changed } = open();
  reload.setHolding(3);
  await changed('sip');
  await time.pass(3000);
  assert.deepEqual([world.ran, world.said], [[], []]);
  reload.setHolding(0);
  world.hang = true;
  await changed('sip');
  await time.pass(2000);
  assert.deepEqual(world.ran, ['/usr/bin/generate x']);
  reload.setHolding(4);
  await time.pass(3000);
  assert.deepEqual(world.ran, ['/usr/bin/generate x']);
  assert.deepEqual(world.said, ['reload-not-finished']);
  await reload.stop();
});

test('files and tables that came together are answered together, each deed once; what no rule names is nothing', async () => {
  const { time, world, reload, odd } = open();
  assert.ok((await odd({ files: ['/etc/asterisk/cdr.conf'] })).ok);
  await time.pass(2000);
  assert.deepEqual(world.ran, []);
  assert.ok((await odd({ tables: ['queue'], files: ['/etc/asterisk/extensions.conf', '/moh/a.wav'] })).ok);
  await time.pass(2000);
  assert.deepEqual(world.ran, [
    'asterisk -rx core show uptime seconds',
    'asterisk -rx module reload app_queue.so',
    'asterisk -rx module reload gone.so',
    'asterisk -rx module reload pbx_config.so',
  ]);
  reload.setHolding(2);
  assert.ok((await odd({ files: ['/etc/asterisk/extensions.conf'] })).ok);
  await time.pass(12_000);
  assert.equal(world.ran.length, 4);
  await reload.stop();
});

test('what the profiles say: a queue, a phone, a tenant, a dialplan, music', () => {
  const full = (given: readonly object[]): readonly ReloadRule[] =>
    given.map((rule) => ({ tables: [], paths: [], run: null, restart: [], asterisk: [], ...rule }));
  const ofTables = (rules: readonly ReloadRule[], ...tables: string[]) => planReload(rules, { tables, files: [] });
  const ofFiles = (...files: string[]) => planReload(full(xivoStreams.files.reload), { tables: [], files }).modules;
  const xivo = full(xivoStreams.database.reload);
  const wazo = full(wazoStreams.database.reload);
  assert.deepEqual(ofTables(xivo, 'queuemember').modules, ['app_queue.so']);
  assert.deepEqual(ofTables(xivo, 'usersip').modules, ['chan_sip.so', 'res_pjsip.so']);
  assert.deepEqual(ofTables(wazo, 'endpoint_sip'), {
    programs: [['/usr/bin/wazo-confgen', 'asterisk/pjsip.conf', '--invalidate']],
    units: [],
    modules: ['res_pjsip.so'],
  });
  assert.ok(ofTables(wazo, 'auth_tenant').units.includes('wazo-auth.service'));
  // Tokens come and go with each login: nothing is restarted for them.
  assert.deepEqual(ofTables(wazo, 'auth_token', 'auth_session'), { programs: [], units: [], modules: [] });
  assert.deepEqual(ofFiles('/etc/asterisk/extensions_extra.d/own.conf'), ['pbx_config.so', 'pbx_ael.so', 'pbx_lua.so']);
  assert.deepEqual(ofFiles('/etc/xivo/asterisk/xivo_ring.conf'), ['pbx_config.so']);
  assert.deepEqual(ofFiles('/var/lib/asterisk/moh/default/a.wav'), ['res_musiconhold.so']);
  assert.deepEqual(ofFiles('/var/lib/asterisk/agi-bin/own.py', '/var/lib/xivo/sounds/acd/a.wav'), []);
});
