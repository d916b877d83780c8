import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import { addAuthorized, authorizedLine, removeAuthorized, withAuthorized, withoutAuthorized } from './authorized.ts';
import { createKey, readPublicKey } from './key.ts';
import { pinHost, pinnedKeys, readHostKeys } from './known-hosts.ts';
import { fingerprint, type PublicKey, parsePublicKey } from './public-key.ts';
import { checkTarget, type SshTarget, sshArgv } from './target.ts';

const value = <T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }): T => {
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
};
const codeOf = (result: { ok: boolean; error?: { code: string } }): string => result.error?.code ?? 'no fault';

const keyOf = (fill: number, comment = 'dualtone main'): PublicKey => {
  const type = Buffer.from('ssh-ed25519');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  const rest = Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, fill)]);
  return { type: 'ssh-ed25519', blob: Buffer.concat([length, type, rest]).toString('base64'), comment };
};

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualtone-ssh-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('a key is made once, private, and never over an old one', async () => {
  const file = join(folder, 'sync_ed25519');
  const key = value(await createKey(file, 'main'));
  assert.equal(key.comment, 'dualtone main');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(fingerprint(key), /^SHA256:[A-Za-z0-9+/]{43}$/);
  const text = readFileSync(file, 'utf8');
  assert.equal(codeOf(await createKey(file, 'main')), 'ssh-key-exists');
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.deepEqual(value(readPublicKey(file)), key);
  assert.deepEqual(readdirSync(folder).toSorted(), ['sync_ed25519', 'sync_ed25519.pub']);
});

test('a key in a directory that is not there is a fault', async () => {
  assert.equal(codeOf(await createKey(join(folder, 'none', 'key'), 'main')), 'ssh-key-not-made');
  assert.equal(codeOf(readPublicKey(join(folder, 'none', 'key'))), 'ssh-key-missing');
});

const allow = { command: ['/usr/bin/dualtone', 'sync', 'serve'], openPorts: [5432], listenPorts: [7431] };

test('the line allows the named ports, one command, and nothing else', () => {
  const key = keyOf(1);
  assert.equal(
    value(authorizedLine(key, allow)),
    `restrict,port-forwarding,permitopen="127.0.0.1:5432",permitlisten="127.0.0.1:7431",command="/usr/bin/dualtone sync serve" ssh-ed25519 ${key.blob} dualtone main`,
  );
  assert.match(value(authorizedLine(key, { ...allow, openPorts: [], listenPorts: [] })), /^restrict,command=/);
  // No permit at all would permit all.
  assert.match(value(authorizedLine(key, { ...allow, listenPorts: [] })), /permitlisten="127\.0\.0\.1:1"/);
  assert.equal(codeOf(authorizedLine(key, { ...allow, command: ['/bin/x', 'a"b'] })), 'ssh-command-unsafe');
  assert.equal(codeOf(authorizedLine(key, { ...allow, command: ['/bin/x', '$(id)'] })), 'ssh-command-unsafe');
});

const otherLine = fc
  .array(fc.constantFrom('a', ' ', '#', 'ssh-rsa AAAA', '\t', '"', 'é', '\r', 'dualtone', ','), { maxLength: 8 })
  .map((parts) => parts.join(''));
const otherText = fc
  .tuple(fc.array(otherLine, { maxLength: 6 }), fc.boolean())
  .map(([lines, end]) => lines.join('\n') + (end && lines.length > 0 ? '\n' : ''));

test('property: authorised and taken out again, the file is as before, byte for byte; twice is once', () => {
  const key = keyOf(1);
  const line = value(authorizedLine(key, allow));
  fc.assert(
    fc.property(otherText, (text) => {
      const added = withAuthorized(text, line, key);
      assert.ok(added.split('\n').includes(line));
      assert.equal(withAuthorized(added, line, key), added);
      assert.equal(withoutAuthorized(added, key), text);
    }),
  );
});

test('a new key of the same node takes the place of the old one; a foreign line with our key is limited too', () => {
  const old = value(authorizedLine(keyOf(1), allow));
  const fresh = value(authorizedLine(keyOf(2), allow));
  const text = `# mine\n${old}\nssh-rsa AAAAB3Nz admin\n`;
  assert.equal(withAuthorized(text, fresh, keyOf(2)), `# mine\n${fresh}\nssh-rsa AAAAB3Nz admin\n`);
  const open = `ssh-ed25519 ${keyOf(2).blob} by hand\n`;
  assert.equal(withAuthorized(open, fresh, keyOf(2)), `${fresh}\n`);
});

test('authorized_keys is made with its directory, keeps its mode, and a link stays a link', () => {
  const line = value(authorizedLine(keyOf(1), allow));
  const file = join(folder, 'home', '.ssh', 'authorized_keys');
  assert.equal(value(addAuthorized(file, line)), true);
  assert.equal(value(addAuthorized(file, line)), false);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'home', '.ssh')).mode & 0o777, 0o700);
  const link = join(folder, 'linked');
  writeFileSync(join(folder, 'real'), 'ssh-rsa AAAA x', { mode: 0o640 });
  symlinkSync('real', link);
  value(addAuthorized(link, line));
  assert.equal(statSync(join(folder, 'real')).mode & 0o777, 0o640);
  assert.equal(value(removeAuthorized(link, keyOf(1))), true);
  assert.equal(value(removeAuthorized(link, keyOf(1))), false);
  assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'ssh-rsa AAAA x');
});

test('what is no public key is refused', () => {
  for (const line of [
    '',
    'ssh-ed25519 AAAA',
    `ssh-rsa ${keyOf(1).blob}`,
    `${keyOf(1).type} ${keyOf(1).blob}\nx`,
    'command="x" y',
  ])
    assert.equal(codeOf(parsePublicKey(line)), 'ssh-key-malformed', line);
});

test('a host key is pinned, kept, and only replaced on demand', () => {
  const file = join(folder, 'known_hosts');
  const rsa = { ...keyOf(3), type: 'ssh-ed25519' };
  assert.equal(value(pinHost(file, 'dualtone-peer', [keyOf(1)])), true);
  assert.equal(value(pinHost(file, 'dualtone-peer', [keyOf(1)])), false);
  assert.equal(codeOf(pinHost(file, 'dualtone-peer', [rsa])), 'ssh-pinned-key-differs');
  assert.equal(value(pinnedKeys(file, 'dualtone-peer'))[0]?.blob, keyOf(1).blob);
  value(pinHost(file, 'other', [keyOf(2)]));
  assert.equal(value(pinHost(file, 'dualtone-peer', [rsa], true)), true);
  assert.equal(value(pinnedKeys(file, 'dualtone-peer'))[0]?.blob, rsa.blob);
  assert.equal(value(pinnedKeys(file, 'other')).length, 1);
});

test("the node's own host keys are read, and their absence said", () => {
  const key = keyOf(5, 'root@host');
  writeFileSync(join(folder, 'ssh_host_ed25519_key.pub'), `${key.type} ${key.blob} root@host\n`);
  assert.deepEqual(value(readHostKeys(folder)), [{ ...key, comment: '' }]);
  assert.equal(codeOf(readHostKeys(join(folder, 'home'))), 'ssh-host-key-missing');
  assert.equal(codeOf(readHostKeys(join(folder, 'none'))), 'ssh-host-key-missing');
});

test('nothing that could become an option or a second word reaches ssh', () => {
  const target: SshTarget = {
    user: 'root',
    address: 'fe80::1%eth0',
    port: 22,
    hostAlias: 'dualtone-peer',
    keyFile: '/etc/dualtone/sync_ed25519',
    knownHostsFile: '/etc/dualtone/sync_known_hosts',
    connectTimeoutMs: 3000,
    controlPath: null,
  };
  assert.equal(checkTarget(target).ok, true);
  assert.ok(sshArgv(target).includes('HostName=fe80::1%%eth0'));
  for (const wrong of [
    { address: '-oProxyCommand=id' },
    { address: 'a b' },
    { user: '-l' },
    { user: 'a;b' },
    { keyFile: '/etc/my key' },
    { keyFile: 'relative' },
    { knownHostsFile: '/etc/%d' },
    { controlPath: `/${'x'.repeat(100)}` },
    { hostAlias: '-x' },
  ])
    assert.equal(codeOf(checkTarget({ ...target, ...wrong })), 'ssh-target-unusable', JSON.stringify(wrong));
});
