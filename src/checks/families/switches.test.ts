import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ok } from '../../core/result.ts';
import { type Run, run as runProgram } from '../../process/run.ts';
import { createForcedHost, FORCED } from '../../switches/testing/forced.ts';
import { ownDigests } from '../edge-settings.ts';
import { configWith, factsOf, find, type Planted, temporary, told } from '../testing/around.ts';
import { switchChecks } from './switches.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(switchChecks, id, planted));

const CENTRES = 'contact-centre: { main: { address: 10.0.0.3 }, standby: { address: 10.0.0.4 } }';
const EDGE = 'edge: { address: 192.0.2.9, main: { xivo: 10.0.0.1 }, standby: { xivo: 10.0.0.2 } }';

/** Machines by address: each the shipped forced command with a file of its own; one that has none is not reached. */
const machines =
  (textByAddress: Readonly<Record<string, string>>): Run =>
  async (argv, options) => {
    const at = argv.findIndex((word) => word in textByAddress);
    if (at < 0) return ok({ exitCode: 255, endedBy: null, stdout: '', stderr: 'No route to host', tookMs: 1 });
    const file = join(folder, argv[at] ?? '');
    writeFileSync(file, textByAddress[argv[at] ?? ''] ?? '');
    const env = { DUALTONE_CC_SETTINGS: file, SSH_ORIGINAL_COMMAND: argv.slice(at + 1).join(' ') };
    return runProgram(['sh', join(FORCED, 'dualtone-cc')], { ...options, env });
  };

const SETTINGS = 'XIVO_HOST=10.0.0.1\nTURN_SECRET="s3cret # half"  # keep\nexport EDGE_FQDN=edge.example.org\n';
const ALIKE = "EDGE_FQDN='edge.example.org' # the same\r\nTURN_SECRET=old\nTURN_SECRET='s3cret # half'\n";

const pair = (textByAddress: Readonly<Record<string, string>>, there: string | null = SETTINGS) => {
  const config = configWith(`switches: { ${EDGE}, ${CENTRES} }\n`);
  const root = join(folder, 'here');
  const elsewhere = join(folder, 'there');
  for (const [place, text] of [
    [root, SETTINGS],
    [elsewhere, there ?? ''],
  ] as const) {
    mkdirSync(join(place, 'etc/docker/xivo'), { recursive: true });
    writeFileSync(join(place, 'etc/docker/xivo/custom.env'), text);
  }
  const nonce = 'abcdef0123456789';
  const digests = ownDigests(config, nonce, elsewhere);
  assert.ok(digests.ok);
  const edge = there === null ? null : { nonce, digests: digests.value };
  return { config, root, facts: { ...factsOf(config), edge }, run: machines(textByAddress) };
};

test('edge-settings-agree: alike however they are written, and what differs is named without being told', async () => {
  assert.match(await say('edge-settings-agree', {}), /^not-applicable/);
  assert.equal(
    await say('edge-settings-agree', pair({ '10.0.0.3': SETTINGS, '10.0.0.4': ALIKE })),
    'pass: 4 machines, 2 settings',
  );
  const other = SETTINGS.replace('s3cret', 'sesame');
  assert.equal(
    await say('edge-settings-agree', pair({ '10.0.0.3': SETTINGS, '10.0.0.4': other })),
    'fail: TURN_SECRET differs: pbx1 and contact centre of the main and pbx2 / contact centre of the standby',
  );
  assert.equal(
    await say('edge-settings-agree', pair({ '10.0.0.3': 'TURN_SECRET="s3cret # half"\n', '10.0.0.4': ALIKE }, other)),
    'fail: TURN_SECRET differs: pbx1 and contact centre of the main and contact centre of the standby / pbx2; EDGE_FQDN is missing on contact centre of the main',
  );
});

test('edge-settings-agree: a machine that does not answer, or a file that is odd, leaves it unknown', async () => {
  assert.match(
    await say('edge-settings-agree', pair({ '10.0.0.3': SETTINGS })),
    /^unknown: contact centre of the standby: .*No route to host/,
  );
  assert.match(
    await say('edge-settings-agree', pair({ '10.0.0.3': SETTINGS, '10.0.0.4': 'TURN_SECRET="half' })),
    /^unknown: contact centre of the standby: .*cannot be read/,
  );
  assert.equal(
    await say('edge-settings-agree', pair({ '10.0.0.3': SETTINGS, '10.0.0.4': ALIKE }, null)),
    'unknown: pbx2 cannot read its own.',
  );
});

test('switches-could-move: what would change is shown, nothing is changed, and what is in the way is named', async (t) => {
  assert.match(await say('switches-could-move', {}), /^not-applicable/);
  const far = createForcedHost('dualtone-edge');
  t.after(far.remove);
  const env = 'XIVO_HOST=10.0.0.2\nTURN_ALLOWED_PEERS=10.0.0.2\nXIVO_MDS_HOST_DEFAULT=10.0.0.2\n';
  far.put('.env', env);
  const run: Run = (argv, options) => {
    const SSH_ORIGINAL_COMMAND = argv.slice(argv.indexOf('192.0.2.9') + 1).join(' ');
    const variables = { DUALTONE_EDGE_DIRECTORY: far.folder, SSH_ORIGINAL_COMMAND };
    return runProgram(['sh', join(FORCED, 'dualtone-edge')], { ...options, env: variables });
  };
  const config = configWith(`switches: { ${EDGE} }\n`);
  assert.match(
    await say('switches-could-move', { config, run }),
    /^pass: edge would change XIVO_HOST from 10\.0\.0\.2 to 10\.0\.0\.1/,
  );
  assert.equal(far.file('.env'), env);
  far.put('.env', env.replace('XIVO_HOST=10.0.0.2', 'XIVO_HOST=10.0.0.20'));
  assert.match(await say('switches-could-move', { config, run }), /^fail: edge: XIVO_HOST is "10\.0\.0\.20"/);
  assert.match(await say('switches-could-move', { config, run: machines({}) }), /^fail: edge: .*No route to host/);
});
