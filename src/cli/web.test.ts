import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { goodSnapshot } from '../checks/testing/around.ts';
import { createUsers } from '../web/keeper/users.ts';
import { pluginOutput } from './commands/nagios.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-cli-web-'));
  writeFileSync(
    join(folder, 'dualtone.yaml'),
    `node: { role: main, name: pbx1, address: 127.0.0.1 }\npeer: { name: pbx2, address: 127.0.0.2 }\nstate-dir: ${folder}/state\nrun-dir: ${folder}/run\n`,
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

const run = (args: readonly string[], input = ''): Promise<Ran> =>
  new Promise((resolve) => {
    const entry = join(import.meta.dirname, '..', '..', 'bin', 'dualtone.ts');
    const child = spawn(process.execPath, [entry, ...args, '--config', join(folder, 'dualtone.yaml')]);
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('close', (exit) => resolve({ exit, out, err }));
    child.stdin.end(input);
  });

test('the first administrator is made on the command line, the password comes by standard input', async () => {
  const added = await run(['user', 'add', 'anna', '--role', 'admin'], 'correct horse battery\n');
  assert.equal(added.exit, 0, added.err);
  const users = createUsers(join(folder, 'state', 'web', 'users.json'));
  const found = users.user('anna');
  assert.equal(found.ok && found.value?.role, 'admin');
  assert.ok(!readFileSync(join(folder, 'state', 'web', 'users.json'), 'utf8').includes('horse'));
  const again = await run(['user', 'add', 'anna', '--role', 'view'], 'correct horse battery\n');
  assert.equal(again.exit, 1);
  assert.match(again.err, /There is a user anna already/);
  assert.equal((await run(['user', 'add', 'boris', '--role', 'view'], 'short\n')).exit, 1);
  assert.equal((await run(['user', 'add', 'boris'], 'long enough word\n')).exit, 2);
  assert.match((await run(['user', 'list'])).out, /^anna +admin +since/);
});

test('a token is told once, for programs, and ends when it should', async () => {
  const added = await run(['token', 'add', 'prometheus', '--role', 'view', '--for', '90d']);
  assert.match(added.out, /^dt_[A-Za-z0-9_-]{43}\n$/);
  const users = createUsers(join(folder, 'state', 'web', 'users.json'));
  const secret = added.out.trim();
  const token = users.token(secret, Date.now());
  assert.equal(token.ok && token.value?.role, 'view');
  const later = users.token(secret, Date.now() + 91 * 86_400_000);
  assert.equal(later.ok ? later.value : 'fault', null);
  assert.equal((await run(['token', 'remove', 'prometheus'])).exit, 0);
  assert.equal((await run(['token', 'remove', 'prometheus'])).exit, 1);
});

test('the plugin keeps to the form: one line, one bar, an exit code that fits the word', () => {
  const good = pluginOutput(goodSnapshot);
  assert.equal(good.exit, 0);
  assert.match(good.line, /^DUALTONE OK - pbx1 serves; pbx2 can take over \| ('[a-z_]+'=[0-9.]+(s|MB)? ?)+$/);
  const odd = { ...goodSnapshot, headline: { level: 'alarm', who: 'a|b\nc', ready: '' } } as const;
  const bad = pluginOutput(odd);
  assert.equal(bad.exit, 2);
  assert.equal(bad.line.split('|').length, 2);
  assert.equal(bad.line.split('\n').length, 1);
  const warning = pluginOutput({ ...goodSnapshot, headline: { ...goodSnapshot.headline, level: 'warning' } });
  assert.match(warning.line, /^DUALTONE WARNING/);
});

test('an agent that is not there is critical', async () => {
  const told = await run(['nagios']);
  assert.equal(told.exit, 2);
  assert.match(told.out, /^DUALTONE CRITICAL - .*no agent is running there/);
});
