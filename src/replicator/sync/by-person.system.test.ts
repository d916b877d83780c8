import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withPersonsAgent } from '../../../test/ssh/person-agent.ts';
import { startSshd } from '../../../test/ssh/sshd.ts';
import { configOf } from '../../agent/testing/config.ts';
import type { Config } from '../../config/config.ts';
import { createKey } from '../../ssh/key.ts';
import { pinnedKeys } from '../../ssh/known-hosts.ts';
import { fingerprint, publicKeyLine } from '../../ssh/public-key.ts';
import { checkKey, initSyncByPerson } from './by-person.ts';
import { authorizeKey } from './init.ts';

test("a person's own SSH lets the key in; the host is confirmed once, and a second time nobody is asked anything", {
  timeout: 90_000,
}, async () => {
  const sshd = await startSshd();
  try {
    await withPersonsAgent(sshd.folder, async (own) => {
      // What `dualtone sync authorize` does at the other node: lets the key in, and tells the host key.
      const there = join(sshd.folder, 'authorize');
      const answer = JSON.stringify({ ok: true, hostKeys: [publicKeyLine(sshd.hostKey)] });
      const personsLine = join(sshd.folder, 'person');
      const line = `{ cat ${personsLine}; printf 'restrict,command="/bin/true" %s\\n' "$(cat -)"; } > ${sshd.authorizedKeys}`;
      writeFileSync(
        there,
        `#!/bin/sh\necho "$SSH_ORIGINAL_COMMAND" >> ${sshd.folder}/asked\n${line}\necho '${answer}'\n`,
      );
      chmodSync(there, 0o755);
      const base = configOf('main');
      const { target } = sshd;
      const ssh = {
        user: 'root',
        address: target.address,
        port: target.port,
        keyFile: join(sshd.folder, 'sync'),
        knownHostsFile: join(sshd.folder, 'known'),
      };
      const config: Config = { ...base, streams: { ...base.streams, ssh } };
      const asked: string[] = [];
      const person = (knows: boolean) => ({
        knows: async (_address: string, fingerprints: readonly string[]) => {
          asked.push(fingerprints.join(' '));
          return knows;
        },
        say: () => undefined,
      });

      const unknown = await initSyncByPerson(config, person(false));
      assert.equal(unknown.ok ? '' : unknown.error.code, 'ssh-host-key-unconfirmed');
      const stranger = await initSyncByPerson(config, person(true));
      assert.equal(stranger.ok ? '' : stranger.error.code, 'ssh-person-refused');
      writeFileSync(personsLine, `command="${there}" ${readFileSync(`${own}.pub`, 'utf8')}`);
      copyFileSync(personsLine, sshd.authorizedKeys);
      const done = await initSyncByPerson(config, person(false));
      assert.ok(done.ok, done.ok ? '' : done.error.message);
      assert.deepEqual(done.value.pinned, [fingerprint(sshd.hostKey)]);
      assert.deepEqual(asked, [fingerprint(sshd.hostKey), fingerprint(sshd.hostKey)]);
      assert.equal(readFileSync(join(sshd.folder, 'asked'), 'utf8'), 'dualtone sync authorize --json\n');
      const again = await initSyncByPerson(config, person(false));
      assert.ok(again.ok && !again.value.made);
      const times = (): number => readFileSync(join(sshd.folder, 'asked'), 'utf8').split('\n').length - 1;
      assert.equal(times(), 1);
      // Let in for something else, as before the database went through SSH.
      const fitting = readFileSync(sshd.authorizedKeys, 'utf8');
      writeFileSync(sshd.authorizedKeys, fitting.replace('/bin/true', '/bin/false'));
      assert.ok((await initSyncByPerson(config, person(false))).ok);
      assert.equal(times(), 2);
      assert.equal(readFileSync(sshd.authorizedKeys, 'utf8'), fitting);

      const alias = 'dualtone-standby';
      const pinned = pinnedKeys(ssh.knownHostsFile, alias);
      assert.ok(pinned.ok && pinned.value.length === 1);
      writeFileSync(sshd.authorizedKeys, '');
      const refused = await checkKey({ ...target, ...ssh, hostAlias: alias });
      assert.equal(refused.ok ? '' : refused.error.code, 'ssh-key-refused');
    });
  } finally {
    await sshd.stop();
  }
});

test('the standby lets a key in once, limited to replication; the main lets none in', async () => {
  const sshd = await startSshd();
  try {
    const file = join(sshd.folder, 'keys', 'authorized_keys');
    const key = await createKey(join(sshd.folder, 'main'), 'main');
    assert.ok(key.ok);
    const line = publicKeyLine(key.value);
    const first = authorizeKey(configOf('standby'), line, file);
    assert.ok(first.ok && first.value.added && first.value.hostKeys.length > 0);
    assert.match(readFileSync(file, 'utf8'), /^restrict,command="\/[^"]+ sync serve" ssh-ed25519 /);
    const second = authorizeKey(configOf('standby'), line, file);
    assert.ok(second.ok && !second.value.added);
    const main = authorizeKey(configOf('main'), line, file);
    assert.equal(main.ok ? '' : main.error.code, 'sync-not-here');
    const odd = authorizeKey(configOf('standby'), 'command="/bin/sh" ssh-ed25519 AAAA', file);
    assert.equal(odd.ok ? '' : odd.error.code, 'ssh-key-malformed');
  } finally {
    await sshd.stop();
  }
});
