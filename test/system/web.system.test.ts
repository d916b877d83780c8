/** The web server beside real agents: what rights it has, what it shows of both nodes, that it moves service, and that its death costs nothing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { BothPreview, ConfigView, JournalPage, PairView } from '../../src/web/contract.ts';
import { createUsers } from '../../src/web/keeper/users.ts';
import { createHosts, serves, withoutRoot } from './three-hosts.ts';

const addressByName = { main: '10.98.7.1', standby: '10.98.7.2' } as const;
type Node = keyof typeof addressByName;

const hosts = createHosts('dtw', (_, name) =>
  name === 'cp1' ? '' : `web: { listen: [{ address: ${addressByName[name]} }] }\n`,
);
after(() => hosts.remove());

const stateOf = (name: Node): string => join(hosts.folder, name, 'state', 'web');

const client = async (
  name: Node,
  token: string,
  ...rest: readonly string[]
): Promise<{ status: number; text: string }> => {
  const program = join(import.meta.dirname, 'web-client.ts');
  const argv = ['netns', 'exec', `dtw${process.pid}${name}`, process.execPath, program, join(stateOf(name), 'tls.crt')];
  const { stdout } = await promisify(execFile)('ip', [...argv, addressByName[name], token, ...rest]);
  return JSON.parse(stdout) as { status: number; text: string };
};

const untilStatus = async (name: Node, path: string, status: number, withinMs = 60_000): Promise<void> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const told = existsSync(join(stateOf(name), 'tls.crt')) ? await client(name, '-', 'GET', path) : null;
    if (told?.status === status) return;
    if (performance.now() > deadline)
      assert.fail(
        `${name} ${path}: ${status} was to be seen, and there was ${JSON.stringify(told)}\n${hosts.saidBy(name)}`,
      );
    await sleep(100);
  }
};

/** Processes of that subcommand below this folder's configuration, or, for the server, below a keeper. */
const processes = (words: string): readonly number[] =>
  readdirSync('/proc')
    .filter((each) => /^\d+$/.test(each))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(words);
      } catch {
        return false;
      }
    })
    .map(Number);

const statusOf = (pid: number, key: string): string =>
  new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

const keeperOf = (name: Node): number => processes(`web --config ${join(hosts.folder, `${name}.yaml`)}`)[0] ?? 0;
const serverOf = (name: Node): number => {
  const keeper = keeperOf(name);
  return processes(' web-server ').find((pid) => statusOf(pid, 'PPid') === String(keeper)) ?? 0;
};

const tokenFor = (name: Node, role: 'view' | 'operate' | 'admin'): string => {
  const made = createUsers(join(stateOf(name), 'users.json')).addToken(`test-${role}`, role, Date.now(), null);
  assert.ok(made.ok);
  return made.value;
};

test('the web server of a real pair', { skip: withoutRoot, timeout: 300_000 }, async (t) => {
  for (const name of ['cp1', 'main'] as const) hosts.start(name);
  await hosts.until('main', 'the main serving', serves('this'), 90_000);
  hosts.start('standby');
  const ready = (each: Parameters<ReturnType<typeof serves>>[0]): boolean =>
    serves('other')(each) && each.headline.level === 'good';
  await hosts.until('standby', 'the standby ready', ready, 90_000);
  await untilStatus('main', '/health/active', 200);
  await untilStatus('standby', '/health/active', 503);
  const [token, order] = [tokenFor('main', 'view'), tokenFor('main', 'operate')];

  await t.test('what faces the network has no rights, and what has rights no network', () => {
    const server = serverOf('main');
    assert.match(statusOf(server, 'Uid'), /^65534\s+65534\s+65534\s+65534$/);
    assert.match(statusOf(server, 'Gid'), /^65534\s+65534\s+65534\s+65534$/);
    assert.equal(statusOf(server, 'Groups').trim(), '');
    for (const set of ['CapEff', 'CapPrm', 'CapInh']) assert.match(statusOf(server, set), /^0+$/, set);
    assert.notEqual(keeperOf('main'), 0);
  });

  await t.test('it shows both nodes, the other as it shows itself', async () => {
    const deadline = performance.now() + 20_000;
    for (let seen: PairView | null = null; ; ) {
      seen = JSON.parse((await client('main', token, 'GET', '/api/v1/pair')).text) as PairView;
      if (seen.other !== null) {
        assert.equal(seen.this?.node.name, 'pbx-main');
        assert.equal(seen.other.snapshot.node.name, 'pbx-standby');
        assert.equal(seen.other.snapshot.server, 'other');
        break;
      }
      assert.ok(performance.now() < deadline, 'the other node is never shown');
      await sleep(100);
    }
  });

  await t.test('its death, and that of its keeper, cost no service; both come back', async () => {
    const before = await hosts.until('main', 'the main', serves('this'));
    // With its server the keeper ends too, so that each has its turn with processes of its own.
    for (const find of [serverOf, keeperOf]) {
      process.kill(find('main'), 'SIGKILL');
      await untilStatus('main', '/health/active', 200);
    }
    const now = await hosts.until('main', 'the main', serves('this'));
    assert.ok(before.kind === 'node' && now.kind === 'node' && now.epoch === before.epoch);
  });

  await t.test('one change goes into the files of both nodes, and out of them again', async () => {
    const admin = tokenFor('main', 'admin');
    const file = (name: Node): string => readFileSync(join(hosts.folder, `${name}.yaml`), 'utf8');
    const before = [file('main'), file('standby')];
    const ask = async <T>(path: string, body: object): Promise<T> => {
      const told = await client('main', admin, 'POST', `/api/v1/config${path}`, JSON.stringify(body));
      assert.equal(told.status, 200, told.text);
      return JSON.parse(told.text) as T;
    };
    const { base } = JSON.parse((await client('main', admin, 'GET', '/api/v1/config')).text) as ConfigView;
    const changes = [{ path: 'failback.hold', value: '7m' }];
    const { otherBase, there } = await ask<BothPreview>('/both/preview', { base, changes });
    assert.deepEqual(there.problems, []);
    const written = await ask<ConfigView>('/both', { base, otherBase, changes });
    for (const name of ['main', 'standby'] as const) assert.match(file(name), /hold: 7m/, name);
    await ask('/both/undo', { base: written.base });
    assert.deepEqual([file('main'), file('standby')], before);
    const noted = await client('standby', tokenFor('standby', 'view'), 'GET', '/api/v1/journal?search=config-change');
    assert.match(noted.text, /token test-admin/);
  });

  await t.test('an operator moves service, a viewer does not, and the journal says who did', async () => {
    const command = JSON.stringify({ command: { name: 'switchover', acceptLoss: true } });
    assert.equal((await client('main', token, 'POST', '/api/v1/commands', command)).status, 403);
    const told = await client('main', order, 'POST', '/api/v1/commands', command);
    assert.equal(told.status, 200, told.text);
    await untilStatus('standby', '/health/active', 200);
    await untilStatus('main', '/health/active', 503);
    const { text } = await client('main', token, 'GET', '/api/v1/journal?search=token%20test-operate');
    assert.ok((JSON.parse(text) as JournalPage).entries.length > 0, text);
  });
});
