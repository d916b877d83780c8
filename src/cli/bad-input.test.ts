/** Whatever is wrong on a command line is said with what to do about it, before anything is done. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, type TestContext, test } from 'node:test';
import { freePort } from '../../test/free-port.ts';
import { main } from './main.ts';
import { createSaid } from './testing/said.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-bad-input-'));
const etc = join(folder, 'etc');
const state = join(folder, 'state');
const config = join(folder, 'dualtone.yaml');
beforeEach(() => {
  for (const each of [etc, state]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
  }
});
writeFileSync(
  config,
  `node: { role: main, name: pbx1, address: 127.0.0.1 }\npeer: { name: pbx2, address: 127.0.0.2 }\nstate-dir: ${state}\nrun-dir: ${folder}/run\n`,
);
after(() => rmSync(folder, { recursive: true, force: true }));

const PLACES = ['--etc-dir', etc, '--state-dir', state, '--run-dir', join(folder, 'run'), '--no-system', '--yes'];
/** As a good one would be, but for what follows. */
const INIT = ['init', ...PLACES, '--role', 'main', '--address', '127.0.0.1', '--name', 'pbx1'];
const MAINTENANCE = ['maintenance', 'on', '--config', config];

const CASES: readonly (readonly [readonly string[], RegExp])[] = [
  [['init', ...PLACES], /Give --role main or --role standby/],
  [['init', ...PLACES, '--role', 'boss'], /"boss" is not a role.*Give main or standby/s],
  [[...INIT, '--name', 'a b$c'], /"a b\$c" is not a name.*lower-case letters/s],
  [[...INIT, '--address', '1.2.3'], /"1\.2\.3" is not an address.*such as 10\.0\.0\.1/s],
  [[...INIT, '--address', '203.0.113.77'], /does not have the address 203\.0\.113\.77.*its addresses are/s],
  [[...INIT, '--port', '0'], /"0" is not a port.*1 to 65535/s],
  [[...INIT, '--pairing-port', '4577'], /4577 cannot be the port of the agent and that of pairing.*--pairing-port/s],
  [[...INIT, '--peer', 'x'], /"x" is not an address/],
  [[...INIT, '--peer', '127.0.0.1'], /is this node's own.*other server/s],
  [[...INIT, '--virtual-ip', '10.0.0.10'], /prefix length.*10\.0\.0\.10\/24/s],
  [[...INIT, '--virtual-ip', '10.0.0.10/33'], /prefix length/],
  [[...INIT, '--virtual-ip', '127.0.0.1/8'], /neither node has by itself/],
  [[...INIT, '--gateway', 'door'], /network\.gateway.*in numbers/s],
  [[...INIT, '--profile', 'freepbx'], /profile cannot be "freepbx".*asterisk, xivo, wazo/s],
  [[...INIT, '--preset', 'faster'], /preset cannot be "faster".*fast, quick/s],
  [[...INIT, '--telephony', 'hot'], /telephony cannot be "hot".*warm, cold/s],
  [[...INIT, '--valid', '5s'], /"5s" is not a time for a token.*10s to 24h/s],
  [[...INIT, '--checkpoint', 'cp1'], /"cp1" is not a checkpoint.*cp1=10\.0\.0\.3/s],
  [[...INIT, '--checkpoint', 'cp1=127.0.0.1'], /belongs to this node.*machine of its own/s],
  [[...INIT, '--checkpoint', 'cp1=10.0.0.3', 'cp2=10.0.0.3'], /belongs to cp1/],
  [[...INIT, '--checkpoint', 'cp1=10.0.0.3', 'cp1=10.0.0.4'], /the name cp1 is taken/],
  [[...INIT, '--etcd', join(folder, 'none.yaml')], /no section of an arbiter in etcd: it cannot be read/],
  [[...INIT, '--etcd', config], /it has no `kind: etcd`.*docs\/etcd\.md/s],
  [[...INIT, '--etcd', config, '--checkpoint', 'cp1=10.0.0.3'], /cannot both vote.*not both/s],
  [['join', '1.2.3.4.5', 'dt1-x', ...PLACES], /"1\.2\.3\.4\.5" is not an address/],
  [['join', '10.0.0.1', '', ...PLACES], /it is empty.*Copy the line/s],
  [['join', '10.0.0.1', 'dt2-x', ...PLACES], /does not begin with dt1-.*Copy the line/s],
  [['join', '10.0.0.1', 'dt1-x', ...PLACES], /its length is wrong/],
  [['join', '10.0.0.1', 'dt1-x', '--role', 'boss', ...PLACES], /"boss" is not a role/],
  [['join', '10.0.0.1', 'dt1-x', '--port', 'x', ...PLACES], /"x" is not a port/],
  [['setup', '--join', '10.0.0', ...PLACES], /"10\.0\.0" is not an address/],
  [['setup', ...PLACES, '--role', 'main', '--preset', 'faster'], /preset cannot be "faster"/],
  [[...MAINTENANCE, '--for', 'long', '--reason', 'x'], /--for long is not a span of time.*30m/s],
  [[...MAINTENANCE, '--for', '0s', '--reason', 'x'], /--for 0s is too short.*at least 1s/s],
  [[...MAINTENANCE, '--for', '8d', '--reason', 'x'], /--for 8d is too long.*at most 7d/s],
  [[...MAINTENANCE, '--for', '1h', '--reason', '  '], /the reason is empty.*say in a line/s],
  [[...MAINTENANCE, '--for', '1h', '--reason', 'a\n\u001b[31mb'], /not one line of text/],
  [['user', 'add', 'Anna', '--role', 'admin', '--config', config], /not a name for a user.*lower-case/s],
  [['user', 'role', 'nobody', 'admin', '--config', config], /no user nobody.*user list/s],
  [['token', 'add', 'a b', '--role', 'view', '--config', config], /not a name for a user or token/],
  [['token', 'add', 'x', '--role', 'view', '--for', '0s', '--config', config], /too short.*at least 1m/s],
];

for (const [argv, expected] of CASES) {
  const shown = argv.filter((each) => !PLACES.includes(each) && each !== config).join(' ');
  test(`${JSON.stringify(shown)} is refused with what to do, and nothing is written`, {
    timeout: 120_000,
  }, async () => {
    const said = createSaid();
    const code = await main(argv, said.output);
    const { out, err } = said.now();
    assert.ok(code === 1 || code === 2, `exit ${code}: ${out}${err}`);
    assert.match(err, expected);
    assert.match(err, /^dualtone: .*\.\n {4}\S/m, 'what is wrong, and below it what to do');
    assert.ok(!err.includes('\u001b'));
    // A note of how a pairing ended is kept for the page, and is no change.
    const kept = readdirSync(state).filter((name) => name !== 'pairing-progress.json');
    assert.deepEqual([readdirSync(etc), kept], [[], []]);
  });
}

const program = join(import.meta.dirname, '..', '..', 'bin', 'dualtone.ts');

/** Its reader has gone before it says anything. */
const withoutReader = async (
  t: TestContext,
  argv: readonly string[],
): Promise<{ readonly code: number | null; readonly err: string }> => {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.destroy();
  // One that never ends is ended with the test.
  t.after(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, err };
};

test('who reads has gone, as after `| head`: a command ends without a word, a pairing in order', {
  timeout: 240_000,
}, async (t) => {
  assert.deepEqual(await withoutReader(t, ['--help']), { code: 0, err: '' });
  const { code, err } = await withoutReader(t, [...INIT, '--no-start', '--pairing-port', String(await freePort())]);
  assert.equal(code, 1, err);
  assert.match(err, /dualtone: Nobody had joined when it ended; nothing was changed here\./);
  assert.doesNotMatch(err, /\n +at /);
  assert.match(readFileSync(join(state, 'pairing-progress.json'), 'utf8'), /"state":"failed"/);
});
