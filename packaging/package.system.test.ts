/** The package of this machine's architecture: built twice, taken apart by Debian's own tools, and run with nothing but itself. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Result } from '../src/core/result.ts';
import { run } from '../src/process/run.ts';
import { buildPackage, type Packed } from './build.ts';
import { signingKey } from './key.ts';
import { runProgram } from './program.ts';
import { writeRepository } from './repository.ts';
import { ownArchitecture } from './runtime.ts';

const root = join(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'dualtone-package-test-'));
const unpacked = join(place, 'unpacked');
const own = join(unpacked, 'usr/lib/dualtone');

const value = <T>(result: Result<T>): T => {
  assert.ok(result.ok, result.ok ? '' : `${result.error.code}: ${result.error.message}`);
  return result.value;
};

const build = async (folder: string): Promise<Packed> =>
  value(
    await buildPackage({
      root,
      architecture: ownArchitecture,
      version: '9.8.7',
      epoch: 1_800_000_000,
      commit: 'abcdef0',
      folder: join(place, folder),
      compression: 'fast',
    }),
  );

/** Its own runtime, and a path on which there is no other. */
const says = async (...words: readonly string[]) =>
  value(
    await run([join(own, 'bin/dualtone'), ...words], {
      timeoutMs: 10_000,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    }),
  );

let packed: Packed;

before(async () => {
  value(await runProgram([process.execPath, join(root, 'scripts/build-page.mjs')]));
  packed = await build('one');
  value(await runProgram(['dpkg-deb', '--extract', packed.path, unpacked]));
});

after(() => rmSync(place, { recursive: true, force: true }));

test('two builds are the same', async () => {
  // Each copies every source anew, so that none has the times of the other.
  assert.equal((await build('two')).sha256, packed.sha256);
});

test('everything in it belongs to root, has the time of its commit, and only root reads configuration and state', async () => {
  const { stdout } = value(await runProgram(['dpkg-deb', '--contents', packed.path], { env: { TZ: 'UTC' } }));
  const lines = stdout.trim().split('\n');
  assert.ok(lines.length > 800);
  for (const line of lines) assert.match(line, /^[-dl]\S+ root\/root +\d+ 2027-01-15 08:00 /, line);
  for (const folder of ['etc/dualtone', 'var/lib/dualtone'])
    assert.ok(
      lines.some((line) => line.startsWith('drwx------') && line.endsWith(` ./${folder}/`)),
      folder,
    );
  assert.ok(!lines.some((line) => /^-\S{7}w/.test(line) || / \.\/(opt|home|tmp|root)\//.test(line)));
});

test('the packaged program runs with its own runtime: its version, its checks, its simulation, its manual', async () => {
  assert.equal((await says('--version')).stdout, 'dualtone 9.8.7\n');
  for (const name of ['pair', 'pair-with-checkpoint', 'pair-with-replication', 'xivo-with-edge', 'checkpoint']) {
    const checked = await says('config', 'check', '--file-only', join(own, `examples/${name}.yaml`));
    assert.equal(checked.exitCode, 0, `${name}: ${checked.stderr}`);
  }
  assert.match((await says('simulate', '--seeds', '3')).stdout, /none in violation/);
  const lab = await says('lab', 'list');
  assert.equal(lab.exitCode, 1);
  assert.match(lab.stderr, /lab-not-here/);
  const man = value(
    await runProgram(['gzip', '--decompress', '--stdout', join(unpacked, 'usr/share/man/man8/dualtone.8.gz')]),
  );
  assert.equal(man.stdout, (await says('manual')).stdout);
});

test('agent and checkpoint are taken from the one file each that was built of the very sources in the package', async () => {
  const program = `import { builtProgram } from ${JSON.stringify(join(own, 'src/cli/built.ts'))};
process.stdout.write(String(builtProgram('agent') !== null && builtProgram('checkpoint') !== null));`;
  const shown = value(
    await runProgram([join(own, 'node_modules/.bin/node'), '--input-type=module', '--eval', program]),
  );
  assert.equal(shown.stdout, 'true');
  // The program itself, as far as a file that says nothing.
  for (const name of ['agent', 'checkpoint'])
    assert.equal((await says(name, '--config', '/dev/null')).exitCode, 4, name);
});

test('the shell takes the maintainer scripts, and a version is gone back from one by one', async () => {
  value(await runProgram(['dpkg-deb', '--control', packed.path, join(place, 'control')]));
  for (const name of ['preinst', 'postinst', 'prerm', 'postrm'])
    value(await runProgram(['sh', '-n', join(place, 'control', name)]));
  const preinst = async (env: Readonly<Record<string, string>>, ...words: readonly string[]) =>
    value(await run([join(place, 'control/preinst'), ...words], { timeoutMs: 5000, env }));
  for (const former of ['9.7.0', '9.8.7', '9.9.1~rc1'])
    assert.equal((await preinst({}, 'upgrade', former)).exitCode, 0, former);
  const refused = await preinst({}, 'upgrade', '9.10.0');
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /9\.10\.0 is installed.*9\.8\.7/);
  assert.equal((await preinst({}, 'install', '10.0.0')).exitCode, 1);
  assert.equal((await preinst({ DUALTONE_DOWNGRADE: 'force' }, 'upgrade', '9.10.0')).exitCode, 0);
});

test('no unit is more open than docs/install.md says', async () => {
  const told = readFileSync(join(root, 'docs/install.md'), 'utf8');
  for (const unit of ['dualtone.service', 'dualtone-gate.service', 'dualtone-checkpoint.service']) {
    const path = join(unpacked, 'usr/lib/systemd/system', unit);
    const shown = value(await run(['systemd-analyze', 'security', '--offline=true', path], { timeoutMs: 20_000 }));
    const [, figure = ''] = /Overall exposure level for \S+: (\d+\.\d)/.exec(shown.stdout) ?? [];
    assert.ok(told.includes(`| \`${unit}\` | ${figure} |`), `${unit} has ${figure}: ${shown.stderr}`);
  }
});

/** Seconds since 1970, in the past: apt refuses a list from the future. */
const LISTED = 1_750_000_000;

/** An apt of its own, which knows one source. */
const aptOf = (name: string, source: string) => {
  const at = (path: string) => join(place, name, path);
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(at(folder), { recursive: true });
  const options = [
    ['Dir::State', at('state')],
    ['Dir::Cache', at('cache')],
    ['Dir::Etc::sourcelist', at('list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::Etc::trusted', '/dev/null'],
    ['Dir::Etc::trustedparts', '/dev/null'],
    ['APT::Sandbox::User', 'root'],
    ['APT::Get::List-Cleanup', 'false'],
    ['APT::Update::Error-Mode', 'any'],
  ].flatMap(([option, text]) => ['-o', `${option}=${text}`]);
  writeFileSync(at('list'), `${source}\n`);
  return {
    update: async () => value(await run(['apt-get', ...options, 'update'], { timeoutMs: 60_000 })),
    candidate: async () => value(await runProgram(['apt-cache', ...options, 'policy', 'dualtone'])).stdout,
  };
};

test('a folder of packages is a repository for apt', async () => {
  const folder = join(place, 'one');
  assert.equal(value(await writeRepository(folder, LISTED, null)), 1);
  assert.match(readFileSync(join(folder, 'Packages'), 'utf8'), new RegExp(`SHA256: ${packed.sha256}`));
  const apt = aptOf('apt', `deb [trusted=yes] file:${folder} ./`);
  assert.equal((await apt.update()).exitCode, 0);
  assert.match(await apt.candidate(), /Candidate: 9\.8\.7/);
});

/** A gpg of its own with two keys of a day; no key of whoever runs the tests is touched. */
const withKeys = async (use: () => Promise<void>): Promise<void> => {
  const former = process.env['GNUPGHOME'];
  const home = mkdtempSync(join(tmpdir(), 'dt-gpg-'));
  process.env['GNUPGHOME'] = home;
  const env = { GNUPGHOME: home };
  try {
    for (const name of ['one@dualtone.example', 'two@dualtone.example']) {
      const words = ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', name, 'ed25519', 'sign', '1d'];
      value(await runProgram(['gpg', ...words], { env }));
    }
    await use();
  } finally {
    await run(['gpgconf', '--kill', 'all'], { timeoutMs: 10_000, env });
    if (former === undefined) delete process.env['GNUPGHOME'];
    else process.env['GNUPGHOME'] = former;
    rmSync(home, { recursive: true, force: true });
  }
};

test('a signed repository: apt takes it by its key alone, and refuses another key and a changed list', async () => {
  const folder = join(place, 'one');
  await withKeys(async () => {
    for (const [words, code] of [
      ['nobody@dualtone.example', 'key-unknown'],
      ['dualtone.example', 'key-ambiguous'],
    ] as const) {
      const refused = await signingKey(words);
      assert.equal(refused.ok ? 'found' : refused.error.code, code);
    }
    const [one, two] = [await signingKey('one@dualtone.example'), await signingKey('two@dualtone.example')].map(value);
    assert.ok(one !== undefined && two !== undefined);
    value(await writeRepository(folder, LISTED, two));
    const foreign = join(place, 'foreign.gpg');
    copyFileSync(join(folder, 'dualtone.gpg'), foreign);
    value(await writeRepository(folder, LISTED, one));
    const apt = aptOf('apt-signed', `deb [signed-by=${join(folder, 'dualtone.gpg')}] file:${folder} ./`);
    assert.equal((await apt.update()).exitCode, 0);
    assert.match(await apt.candidate(), /Candidate: 9\.8\.7/);
    const deceived = await aptOf('apt-foreign', `deb [signed-by=${foreign}] file:${folder} ./`).update();
    assert.notEqual(deceived.exitCode, 0);
    assert.match(deceived.stderr, /NO_PUBKEY|not signed/);
    const list = readFileSync(join(folder, 'Packages'), 'utf8');
    for (const name of ['Packages', 'Packages.gz']) rmSync(join(folder, name));
    writeFileSync(join(folder, 'Packages'), list.replace('Version: 9.8.7', 'Version: 9.9.9'));
    const changed = aptOf('apt-changed', `deb [signed-by=${join(folder, 'dualtone.gpg')}] file:${folder} ./`);
    assert.notEqual((await changed.update()).exitCode, 0);
    assert.doesNotMatch(await changed.candidate(), /9\.9\.9/);
    // Signed no more: nothing of the former signature is left that could be taken for one.
    value(await writeRepository(folder, LISTED, null));
    for (const name of ['InRelease', 'Release.gpg', 'dualtone.gpg']) assert.ok(!existsSync(join(folder, name)), name);
  });
});
