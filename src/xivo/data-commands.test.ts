import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { configOf } from '../agent/testing/config.ts';
import { fail, ok } from '../core/result.ts';
import { run } from '../process/run.ts';
import { commandByName } from './commands.ts';
import { createReplicate, replicateDatabase } from './database-replication.ts';
import { copyIdArgv, rsyncOf, type SyncWay } from './file-sync.ts';
import { KEY_FILE, runSync } from './sync-command.ts';
import { createTestMachine, type TestMachine } from './testing/machine.ts';

const STANDBY = '192.168.1.11';
const DEAD = '198.51.100.1';

const machineOf = (t: TestContext): TestMachine => {
  const machine = createTestMachine();
  t.after(machine.remove);
  return machine;
};

const roleIs = (machine: TestMachine, node_type: string, remote_address: string): void =>
  machine.write('/etc/xivo/ha.conf', JSON.stringify({ node_type, remote_address }));

test('replication: without an address, or with a name, usage and 1', async (t) => {
  for (const args of [[], ['pbx2'], [STANDBY, 'x']]) {
    const machine = machineOf(t);
    assert.equal(await commandByName['xivo-master-slave-db-replication']?.(machine.ground, args), 1);
    assert.match(machine.said.join(), /^usage: /);
  }
});

test('replication that fails: exactly one mail to root with "Slave replication failed", the same on standard output, 1', async (t) => {
  const machine = machineOf(t);
  const done = await replicateDatabase(machine.ground, DEAD, async () =>
    fail('database-unreachable', 'The standby does not answer.\nBcc: all@example.org', 'See to it.'),
  );
  assert.equal(done, 1);
  assert.equal(machine.mails.length, 1);
  assert.match(
    machine.mails[0] ?? '',
    /^To: root\nSubject: Slave replication failed: The standby does not answer\. Bcc: all@example\.org\n/,
  );
  assert.match(machine.said[0] ?? '', /^Slave replication failed: /);
});

test('replication that fails where no mail can be sent says so too, and ends all the same', async (t) => {
  const machine = machineOf(t);
  machine.answerByCall.set('/usr/sbin/sendmail', 'missing');
  assert.equal(await replicateDatabase(machine.ground, DEAD, async () => fail('x', 'Why.', 'What.')), 1);
  assert.match(machine.said.join('\n'), /^Slave replication failed: Why\.\n! No mail could be sent/);
});

test('replication that went well says one line, mails nobody, 0', async (t) => {
  const machine = machineOf(t);
  assert.equal(await replicateDatabase(machine.ground, STANDBY, async () => ok('3 rows written.')), 0);
  assert.deepEqual([machine.said, machine.mails], [[`Database replicated to ${STANDBY}: 3 rows written.`], []]);
});

test('replication asks for what it needs: a configuration, the main, the other node’s address, an agent that answers', async (t) => {
  const machine = machineOf(t);
  const codeOf = async (address: string): Promise<string> => {
    const done = await createReplicate(machine.ground)(address);
    return done.ok ? 'done' : `${done.error.code} ${done.error.message}`;
  };
  assert.match(await codeOf('10.0.0.2'), /^xivo-not-configured/);
  machine.config = configOf('standby');
  assert.match(await codeOf('10.0.0.1'), /is the standby/);
  machine.config = configOf('main');
  assert.match(await codeOf(DEAD), /is 10\.0\.0\.2, not 198\.51\.100\.1/);
  machine.agent = 'configured';
  assert.match(await codeOf('10.0.0.2'), /does not answer/);
});

test('xivo-sync on a node that is not the main: an error and 1, with -i too', async (t) => {
  for (const role of ['disabled', 'slave'] as const) {
    for (const isInit of [false, true]) {
      const machine = machineOf(t);
      roleIs(machine, role, STANDBY);
      assert.equal(await runSync(machine.ground, isInit, async () => 0), 1);
      assert.match(machine.said.join(), /not the main/);
      assert.deepEqual(machine.calls, []);
    }
  }
});

test('xivo-sync -i makes the key with the comment "XiVO HA" and lets it in once; a second time it refuses', async (t) => {
  const machine = machineOf(t);
  roleIs(machine, 'master', STANDBY);
  const ground: TestMachine['ground'] = { ...machine.ground, run };
  const asked: (readonly string[])[] = [];
  const letIn = async (argv: readonly string[]): Promise<number> => {
    asked.push(argv);
    return 0;
  };
  assert.equal(await runSync(ground, true, letIn), 0);
  const key = machine.root + KEY_FILE;
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.match(readFileSync(`${key}.pub`, 'utf8'), /^ssh-ed25519 \S+ XiVO HA\n$/);
  assert.equal(asked.length, 1);
  assert.deepEqual([asked[0]?.[0], asked[0]?.at(-1)], ['ssh-copy-id', `root@${STANDBY}`]);
  const made = readFileSync(key, 'utf8');
  assert.equal(await runSync(ground, true, letIn), 1);
  assert.equal(readFileSync(key, 'utf8'), made);
  assert.match(machine.said.join('\n'), /exists already/);
});

test('xivo-sync -i where the standby does not take the key says so, with 1', async (t) => {
  const machine = machineOf(t);
  roleIs(machine, 'master', STANDBY);
  assert.equal(await runSync({ ...machine.ground, run }, true, async () => 1), 1);
  assert.match(machine.said.join(), /did not take it/);
});

test('xivo-sync without a key: 1 and what to do, where the original said nothing and ended with 0', async (t) => {
  const machine = machineOf(t);
  roleIs(machine, 'master', STANDBY);
  assert.equal(await runSync(machine.ground, false, async () => 0), 1);
  assert.match(machine.said.join(), /there is no key.*xivo-sync -i/);
});

test('xivo-sync with an agent makes no key of the original’s, and says what to use', async (t) => {
  const machine = machineOf(t);
  machine.config = configOf('main');
  machine.agent = 'configured';
  assert.equal(await runSync(machine.ground, true, async () => 0), 3);
  assert.ok(!existsSync(machine.root + KEY_FILE));
});

test('arguments of xivo-sync: -i, --init or none', async (t) => {
  for (const args of [['-x'], ['-i', 'now']]) {
    const machine = machineOf(t);
    assert.equal(await commandByName['xivo-sync']?.(machine.ground, args), 1);
    assert.match(machine.said.join(), /^usage: /);
  }
});

const way: SyncWay = {
  keyFile: '/root/.ssh/xivo_id_rsa',
  knownHostsFile: '/root/.ssh/xivo_known_hosts',
  user: 'root',
  address: STANDBY,
  port: 22,
};

test('rsync is called as the original did: quiet, archive, relative, deletions last, that key and no other', () => {
  const argv = rsyncOf(way, ['/etc/xivo/asterisk']);
  for (const word of ['--quiet', '--archive', '--relative', '--delete-after', '--timeout=60'])
    assert.ok(argv.includes(word), word);
  assert.deepEqual(argv.slice(-3), ['--', '/etc/xivo/asterisk', `root@${STANDBY}:/`]);
  const shell = argv[argv.indexOf('-e') + 1] ?? '';
  assert.match(
    shell,
    /^ssh .*-i \/root\/\.ssh\/xivo_id_rsa .*StrictHostKeyChecking=yes.*PreferredAuthentications=publickey/,
  );
  assert.ok(copyIdArgv(way).includes('StrictHostKeyChecking=ask'), 'a person sees the host key once');
});
