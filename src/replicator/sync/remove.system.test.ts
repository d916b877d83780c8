import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startSshd, type TestSshd } from '../../../test/ssh/sshd.ts';
import { configOf } from '../../agent/testing/config.ts';
import type { Config } from '../../config/config.ts';
import { addAuthorized } from '../../ssh/authorized.ts';
import { createKey } from '../../ssh/key.ts';
import { pinHost } from '../../ssh/known-hosts.ts';
import { publicKeyLine } from '../../ssh/public-key.ts';
import { checkKey, personsTarget } from './by-person.ts';
import { lineFor } from './init.ts';
import { type AskRemoval, deauthorizeKey, removeSync } from './remove.ts';

let sshd: TestSshd;
before(async () => {
  sshd = await startSshd();
});
after(() => sshd.stop());

const mainOf = (): Config => {
  const base = configOf('main');
  const { address, port } = sshd.target;
  const ssh = {
    user: 'root',
    address,
    port,
    keyFile: join(sshd.folder, 'sync'),
    knownHostsFile: join(sshd.folder, 'known'),
  };
  return { ...base, streams: { ...base.streams, ssh } };
};

test('the key goes from the standby and from the main: shown before, proved after, what a hand wrote stays', async () => {
  const config = mainOf();
  const { keyFile, knownHostsFile } = config.streams.ssh;
  const standby = configOf('standby');
  const made = await createKey(keyFile, 'main');
  const line = made.ok ? lineFor(standby, made.value) : made;
  assert.ok(made.ok && line.ok);
  const byHand = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl admin\n';
  const authorise = (): void => {
    writeFileSync(sshd.authorizedKeys, byHand);
    assert.ok(addAuthorized(sshd.authorizedKeys, line.value).ok);
  };
  authorise();
  const whole = readFileSync(sshd.authorizedKeys, 'utf8');
  assert.ok(pinHost(knownHostsFile, personsTarget(config).hostAlias, [sshd.hostKey]).ok);
  assert.ok((await checkKey(personsTarget(config))).ok);
  const ask: AskRemoval = async (key, preview) => deauthorizeKey(standby, key, preview, sshd.authorizedKeys);
  const remove = (given: Partial<Parameters<typeof removeSync>[2]>, of = config) =>
    removeSync(of, ask, { preview: false, withKey: false, force: false, ...given });

  const preview = await remove({ preview: true, withKey: true });
  assert.ok(preview.ok);
  assert.deepEqual([preview.value.lines, preview.value.others, preview.value.here.length], [[line.value], 0, 3]);
  assert.equal(readFileSync(sshd.authorizedKeys, 'utf8'), whole);

  const { files } = config.streams;
  const used: Config = { ...config, streams: { ...config.streams, files: { ...files, enabled: true } } };
  const refused = await remove({}, used);
  assert.equal(refused.ok ? '' : refused.error.code, 'sync-in-use');
  assert.equal(readFileSync(sshd.authorizedKeys, 'utf8'), whole);

  const done = await remove({ force: true }, used);
  assert.ok(done.ok, done.ok ? '' : done.error.message);
  assert.equal(readFileSync(sshd.authorizedKeys, 'utf8'), byHand);
  const works = await checkKey(personsTarget(config));
  assert.equal(works.ok ? 'let in' : works.error.code, 'ssh-key-refused');
  assert.ok(existsSync(keyFile));

  // Somebody lets the same key in without limits: that is not ours to take out, and is said.
  writeFileSync(sshd.authorizedKeys, `${byHand}${publicKeyLine(made.value)}\n`);
  const still = await remove({ withKey: true });
  assert.equal(still.ok ? '' : still.error.code, 'sync-still-let-in');
  assert.ok(existsSync(keyFile));
  authorise();
  const gone = await remove({ withKey: true });
  assert.ok(gone.ok && gone.value.here.length === 3);
  assert.ok(![keyFile, `${keyFile}.pub`, knownHostsFile].some((file) => existsSync(file)));
  const twice = await remove({ withKey: true });
  assert.equal(twice.ok ? '' : twice.error.code, 'ssh-key-missing');
});

test('the main lets nobody in, and the standby removes nothing of its own accord', async () => {
  const onMain = deauthorizeKey(configOf('main'), '', false, sshd.authorizedKeys);
  assert.equal(onMain.ok ? '' : onMain.error.code, 'sync-not-here');
  const asked: AskRemoval = () => Promise.reject(new Error('not asked'));
  const onStandby = await removeSync(configOf('standby'), asked, { preview: false, withKey: true, force: true });
  assert.equal(onStandby.ok ? '' : onStandby.error.code, 'sync-not-here');
});
