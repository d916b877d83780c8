/** Against Debian's own nrpe: both versions, plain, anonymous TLS, certificates; who is refused, missing, slow. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../test/free-port.ts';
import { ok } from '../core/result.ts';
import { type CheckpointOptions, createNrpeCheckpoint } from './checkpoint.ts';
import { askNrpe, type NrpeTarget, type NrpeTls } from './client.ts';
import { daemonFolder, makeCertificates, startDaemon } from './testing/daemon.ts';

const never = new AbortController().signal;
const bounds = { timeoutMs: 5000, signal: never };
const OFF: NrpeTls = { kind: 'off' };
const ANONYMOUS: NrpeTls = { kind: 'anonymous' };
const at = (port: number, tls: NrpeTls) => ({ address: '127.0.0.1', port, tls });

/** Plugins of a few words; nrpe runs them by its own shell. */
const plugin = (name: string, words: string, code: number): string =>
  `command[${name}]=/bin/sh -c 'printf "%s" "${words}"; exit ${code}'`;

const LINES = [
  plugin('check_main', 'OK - ça répond|rta=0.1ms', 0),
  plugin('check_warn', 'WARNING - slow', 1),
  plugin('check_down', 'CRITICAL - no answer from the main', 2),
  plugin('check_odd', 'UNKNOWN - no such host', 3),
  plugin('check_broken', 'what?', 77),
  plugin('check_gateway', 'OK - gateway', 0),
  'command[check_long]=/usr/bin/printf %03000d 0',
  'command[check_missing]=/nonexistent/plugin',
  'command[check_slow]=/bin/sleep 10',
];

test('the real nrpe: plain and anonymous TLS, in versions 4 and 2', { timeout: 20_000 }, async (t) => {
  const plain = await startDaemon({ lines: LINES, plain: true });
  t.after(plain.stop);
  const usual = await startDaemon({ lines: LINES });
  t.after(usual.stop);
  for (const target of [at(plain.port, OFF), at(usual.port, ANONYMOUS)]) {
    for (const version of [4, 2] as const) {
      const asked = await askNrpe(target, version, 'check_main', bounds);
      assert.deepEqual(
        asked,
        { ok: true, value: { code: 0, text: 'OK - ça répond' } },
        `${target.tls.kind} ${version}`,
      );
      const down = await askNrpe(target, version, 'check_down', bounds);
      assert.ok(down.ok && down.value.code === 2);
    }
    const long = await askNrpe(target, 4, 'check_long', bounds);
    assert.ok(long.ok && long.value.text.length === 3000);
    const cut = await askNrpe(target, 2, 'check_long', bounds);
    assert.ok(cut.ok && cut.value.text.length === 1023, JSON.stringify(cut));
  }
});

type Asked = Partial<Omit<CheckpointOptions, 'target'>> & { readonly target: NrpeTarget };

const wordOf = async ({ target, ...options }: Asked): Promise<string> => {
  const usual = { name: 'c1', command: 'check_main', control: null, version: null, timeoutMs: 3000 };
  const word = await createNrpeCheckpoint({ ...usual, ...options, target: () => ok(target) }).ask(never);
  if (!word.ok) assert.ok(word.error.remedy.endsWith('.') && word.error.message.endsWith('.'), word.error.message);
  return word.ok ? `${word.value.reaches ? 'reaches' : 'does not'}: ${word.value.text}` : word.error.code;
};

test('what a checkpoint says of the main, and what keeps it from saying', { timeout: 20_000 }, async (t) => {
  const daemon = await startDaemon({ lines: LINES });
  t.after(daemon.stop);
  const target = at(daemon.port, ANONYMOUS);
  assert.equal(await wordOf({ target }), 'reaches: OK - ça répond');
  assert.equal(await wordOf({ target, command: 'check_warn' }), 'reaches: WARNING - slow');
  assert.equal(await wordOf({ target, command: 'check_down' }), 'does not: CRITICAL - no answer from the main');
  assert.equal(
    await wordOf({ target, command: 'check_down', control: 'check_gateway' }),
    'does not: CRITICAL - no answer from the main',
  );
  assert.equal(await wordOf({ target, command: 'check_down', control: 'check_down' }), 'nrpe-cut-off');
  assert.equal(await wordOf({ target, command: 'check_down', control: 'check_nothing' }), 'nrpe-cut-off');
  for (const command of ['check_odd', 'check_broken', 'check_missing', 'check_nothing'])
    assert.equal(await wordOf({ target, command }), 'nrpe-unknown', command);
  assert.equal(await wordOf({ target, command: 'check_slow', timeoutMs: 300 }), 'nrpe-timeout');
  assert.equal(await wordOf({ target: at(daemon.port, OFF), timeoutMs: 1000 }), 'nrpe-refused');
  assert.equal(await wordOf({ target: at(await freePort(), ANONYMOUS) }), 'nrpe-unreachable');
  const strict = await startDaemon({ lines: LINES, allowedHosts: '192.0.2.7' });
  t.after(strict.stop);
  assert.equal(await wordOf({ target: at(strict.port, ANONYMOUS) }), 'nrpe-refused');
  const plain = await startDaemon({ lines: LINES, plain: true });
  t.after(plain.stop);
  assert.match(await wordOf({ target: at(plain.port, ANONYMOUS), timeoutMs: 1000 }), /^nrpe-(refused|tls)$/);
});

test('certificates on both sides, and no answer to or from who has none', { timeout: 20_000 }, async (t) => {
  const folder = daemonFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  makeCertificates(folder, '127.0.0.1');
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const daemon = await startDaemon({
    lines: [
      ...LINES,
      'ssl_version=TLSv1.2+',
      'ssl_use_adh=0',
      'ssl_client_certs=2',
      `ssl_cacert_file=${folder}/ca.pem`,
      `ssl_cert_file=${folder}/daemon.pem`,
      `ssl_privatekey_file=${folder}/daemon.key`,
    ],
  });
  t.after(daemon.stop);
  const shown = { kind: 'certificate', ca: pem('ca.pem'), certificate: pem('node.pem'), key: pem('node.key') } as const;
  assert.equal(await wordOf({ target: at(daemon.port, { ...shown, name: null }) }), 'reaches: OK - ça répond');
  assert.equal(await wordOf({ target: at(daemon.port, { ...shown, name: 'elsewhere.example' }) }), 'nrpe-tls');
  const bare = { ...shown, certificate: null, key: null, name: null };
  assert.match(await wordOf({ target: at(daemon.port, bare) }), /^nrpe-(tls|refused)$/);
  assert.equal(await wordOf({ target: at(daemon.port, { ...shown, ca: pem('node.pem'), name: null }) }), 'nrpe-tls');
  assert.match(await wordOf({ target: at(daemon.port, ANONYMOUS) }), /^nrpe-(tls|refused)$/);
});

test('a certificate that is out of date by this machine’s clock is told so, and says nothing about the main', {
  timeout: 20_000,
}, async (t) => {
  const folder = daemonFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  makeCertificates(folder, '127.0.0.1', -1);
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const daemon = await startDaemon({
    lines: [
      ...LINES,
      'ssl_version=TLSv1.2+',
      'ssl_use_adh=0',
      `ssl_cacert_file=${folder}/ca.pem`,
      `ssl_cert_file=${folder}/daemon.pem`,
      `ssl_privatekey_file=${folder}/daemon.key`,
    ],
  });
  t.after(daemon.stop);
  const tls = { kind: 'certificate', ca: pem('ca.pem'), certificate: null, key: null, name: null } as const;
  assert.equal(await wordOf({ target: at(daemon.port, tls) }), 'nrpe-certificate-dates');
});
