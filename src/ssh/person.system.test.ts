import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSshd } from '../../test/ssh/sshd.ts';
import { createKey } from './key.ts';
import { pinHost } from './known-hosts.ts';
import { askAsPerson } from './person.ts';

test("a person's own agent opens the way for one command; without a key it is refused in plain words", {
  timeout: 60_000,
}, async () => {
  const sshd = await startSshd();
  const socket = join(sshd.folder, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  const former = process.env['SSH_AUTH_SOCK'];
  try {
    await once(agent.stdout, 'data');
    process.env['SSH_AUTH_SOCK'] = socket;
    const own = join(sshd.folder, 'own');
    assert.ok((await createKey(own, 'person')).ok);
    execFileSync('ssh-add', ['-q', own], { stdio: 'ignore' });
    assert.ok(pinHost(sshd.target.knownHostsFile, sshd.target.hostAlias, [sshd.hostKey]).ok);
    const refused = await askAsPerson(sshd.target, ['cat'], 'x', 20_000);
    assert.equal(refused.ok ? 'went' : refused.error.code, 'ssh-person-refused');
    writeFileSync(sshd.authorizedKeys, readFileSync(`${own}.pub`));
    const answer = await askAsPerson(sshd.target, ['cat'], 'ssh-ed25519 AAAA dualtone main\n', 20_000);
    assert.deepEqual(answer, { ok: true, value: 'ssh-ed25519 AAAA dualtone main\n' });
    await assert.rejects(async () => askAsPerson(sshd.target, ['cat;id'], '', 1000), /not plain/);
  } finally {
    if (former === undefined) delete process.env['SSH_AUTH_SOCK'];
    else process.env['SSH_AUTH_SOCK'] = former;
    agent.kill('SIGKILL');
    await sshd.stop();
  }
});
