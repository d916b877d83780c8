import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { withPersonsAgent } from '../../test/ssh/person-agent.ts';
import { startSshd } from '../../test/ssh/sshd.ts';
import { pinHost } from './known-hosts.ts';
import { askAsPerson } from './person.ts';

test("a person's own agent opens the way for one command; without a key it is refused in plain words", {
  timeout: 60_000,
}, async () => {
  const sshd = await startSshd();
  try {
    await withPersonsAgent(sshd.folder, async (own) => {
      assert.ok(pinHost(sshd.target.knownHostsFile, sshd.target.hostAlias, [sshd.hostKey]).ok);
      const refused = await askAsPerson(sshd.target, ['cat'], 'x', 20_000);
      assert.equal(refused.ok ? 'went' : refused.error.code, 'ssh-person-refused');
      writeFileSync(sshd.authorizedKeys, readFileSync(`${own}.pub`));
      const answer = await askAsPerson(sshd.target, ['cat'], 'ssh-ed25519 AAAA dualtone main\n', 20_000);
      assert.deepEqual(answer, { ok: true, value: 'ssh-ed25519 AAAA dualtone main\n' });
      await assert.rejects(async () => askAsPerson(sshd.target, ['cat;id'], '', 1000), /not plain/);
    });
  } finally {
    await sshd.stop();
  }
});
