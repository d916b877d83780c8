import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startSshd } from '../../../test/ssh/sshd.ts';
import { fingerprint, publicKeyLine } from '../../ssh/public-key.ts';

const HELPER = fileURLToPath(new URL('../testing/init-by-person.ts', import.meta.url));

/** Runs it on a terminal; each time a password is asked for, the next answer is typed. All that the terminal showed. */
const onTerminal = (argv: readonly string[], answers: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const { SSH_AUTH_SOCK: _agent, SSH_ASKPASS: _askpass, DISPLAY: _display, ...env } = process.env;
    const child = spawn('script', ['-qefc', `exec ${argv.join(' ')}`, '/dev/null'], { env });
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let shown = '';
    let typed = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      const asked = shown.match(/password: /gi)?.length ?? 0;
      for (; typed < asked && typed < answers.length; typed += 1) child.stdin.write(`${answers[typed]}\n`);
    });
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      resolve(shown);
    });
  });

test("a person types the other node's password once, on the terminal; a wrong one lets nothing in, and none is shown or kept", {
  timeout: 120_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-password-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const password = randomBytes(12).toString('hex');
  const sshd = await startSshd(undefined, { password, path: `${bin}:/usr/bin:/bin` });
  try {
    // The other node's `dualtone sync authorize`.
    const answer = JSON.stringify({ ok: true, hostKeys: [publicKeyLine(sshd.hostKey)] });
    const program = join(bin, 'dualtone');
    writeFileSync(
      program,
      `#!/bin/sh\necho "$@" >> ${folder}/asked\nprintf 'restrict,command="/bin/true" %s\\n' "$(cat)" >> ${sshd.authorizedKeys}\necho '${answer}'\n`,
    );
    chmodSync(program, 0o755);
    const { address, port } = sshd.target;
    const file = join(folder, 'ssh.json');
    const ssh = { user: 'root', address, port, keyFile: join(folder, 'sync'), knownHostsFile: join(folder, 'known') };
    writeFileSync(file, JSON.stringify(ssh));
    const argv = [process.execPath, HELPER, file];

    const refused = await onTerminal(argv, ['wrong', 'wrong again', 'and again']);
    assert.match(refused, /FAULT ssh-person-refused/);
    assert.equal(readFileSync(sshd.authorizedKeys, 'utf8'), '');

    const done = await onTerminal(argv, ['mistyped', password]);
    assert.ok(done.includes(`DONE ${fingerprint(sshd.hostKey)}`), done);
    assert.equal(readFileSync(join(folder, 'asked'), 'utf8'), 'sync authorize --json\n');
    const again = await onTerminal(argv, []);
    assert.ok(again.includes('DONE') && !/password: /i.test(again), again);
    for (const text of [refused, done, again, sshd.log(), readFileSync(sshd.authorizedKeys, 'utf8')])
      assert.ok(!text.includes(password));
  } finally {
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
