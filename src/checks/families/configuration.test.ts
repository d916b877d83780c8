import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../config/machine.ts';
import { digestOf } from '../digest.ts';
import { agreementOf, disagreements, readFacts } from '../facts.ts';
import { configWith, factsOf, find, type Planted, temporary, told } from '../testing/around.ts';
import { configurationChecks } from './configuration.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const say = async (id: string, planted: Planted = {}): Promise<string> =>
  told(await find(configurationChecks(), id, planted));

const keyFile = join(folder, 'pair.key');
writeFileSync(keyFile, 'nobody reads it here', { mode: 0o600 });

test('configuration-in-force: a file that changes under a running agent, to another and to none', async () => {
  const path = join(folder, 'node.yaml');
  const text = `key-file: ${keyFile}\nnode: { role: main, name: a, address: 127.0.0.1 }\npeer: { name: b, address: 10.255.255.1 }\nstreams: { astdb: { enabled: false } }\nprobes: { ami: null }\n`;
  writeFileSync(path, text);
  const parsed = loadConfig(path);
  assert.ok(parsed.ok);
  const { config } = parsed;
  const planted = { config, configPath: path, configText: text, configInForce: digestOf(config) };
  const check = configurationChecks();
  const look = async (more: Planted = {}) => told(await find(check, 'configuration-in-force', { ...planted, ...more }));
  assert.match(await look(), /^pass: .*valid and in force$/);
  // This program was started with a newer file than the agent.
  assert.match(await look({ configInForce: 'another' }), /^fail: .*changed since the agent was started$/);
  writeFileSync(path, `${text}# only a remark\n`);
  assert.match(await look(), /^pass/);
  writeFileSync(path, text.replace('name: a', 'name: c'));
  assert.match(await look(), /^fail: .*changed since the agent was started$/);
  writeFileSync(path, text.replace('role: main', 'role: mian'));
  assert.match(await look(), /^fail: .*is invalid, so that the agent would not start again: line 2: .*mian/);
  rmSync(path);
  assert.match(await look(), /^fail: .*cannot be read$/);
  assert.match(await look({ configPath: null }), /^not-applicable/);
});

test('configuration-agrees: two files that fit, then one key after the other that does not', async () => {
  const main = configWith('virtual-ip: { addresses: [127.0.0.10/8], interface: lo }\n');
  const standby = configWith('virtual-ip: { addresses: [127.0.0.10/8], interface: lo }\n', 'standby');
  assert.match(await say('configuration-agrees', { config: main, facts: factsOf(standby) }), /^pass: all of \d\d keys/);
  const odd: readonly (readonly [string, RegExp])[] = [
    ['timing: { promise: 800ms }\n', /timing\.promiseMs is "600" here and "800" there/],
    ['virtual-ip: { addresses: [127.0.0.11/8], interface: lo }\n', /virtual-ip\.addresses is "127.0.0.10\/8" here/],
    [
      'arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: 10.0.0.3 }] }\n',
      /arbiter is "none" here and "voter cp1/,
    ],
    ['telephony: cold\n', /telephony is "warm" here and "cold" there/],
  ];
  for (const [more, expected] of odd) {
    const vip = more.startsWith('virtual-ip') ? '' : 'virtual-ip: { addresses: [127.0.0.10/8], interface: lo }\n';
    const facts = factsOf(configWith(`${vip}${more}`, 'standby'));
    assert.match(await say('configuration-agrees', { config: main, facts }), expected);
  }
  // Both believe that they are the main.
  const twice = await say('configuration-agrees', { config: main, facts: factsOf(main) });
  assert.match(twice, /^pass/, 'a node that hears itself differs in nothing; the wire refuses its own name');
  assert.match(await say('configuration-agrees', { facts: null }), /^unknown/);
});

test('what the nodes tell each other is the same seen from both, whatever is configured', () => {
  const more = 'preset: classic\nprofile: xivo\nprobes: { ami: null }\nstreams: { astdb: { enabled: false } }\n';
  assert.deepEqual(disagreements(agreementOf(configWith(more)), agreementOf(configWith(more, 'standby'))), []);
  const facts = factsOf(configWith());
  assert.deepEqual(readFacts(JSON.parse(JSON.stringify(facts))), facts);
  for (const each of [null, {}, { ...facts, agreement: { a: 1 } }, { ...facts, hardwareAddresses: 'x' }])
    assert.equal(readFacts(each), null);
});

test('versions-agree', async () => {
  assert.equal(await say('versions-agree'), 'pass: both run dualtone test');
  assert.equal(
    await say('versions-agree', { facts: { program: 'dualtone 9' } }),
    'fail: dualtone test here, dualtone 9 there',
  );
});

test('secrets-private: real files, with real modes', async () => {
  const secret = join(folder, 'ami.secret');
  const config = configWith(`key-file: ${keyFile}\nprobes: { ami: { secret-file: ${secret} } }\n`);
  assert.match(await say('secrets-private', { config }), /^fail: .*ami\.secret does not exist or cannot be seen/);
  writeFileSync(secret, 's3cret', { mode: 0o600 });
  assert.equal(await say('secrets-private', { config }), 'pass: 2 files are private');
  chmodSync(secret, 0o644);
  assert.match(await say('secrets-private', { config }), /^fail: .*ami\.secret has mode 0644: others can read/);
});

test('programs-present: a program of the configuration that is not there', async () => {
  const configFor = (status: string) =>
    configWith(
      `gate: { enforce: false }\ntelephony: cold\nservices: [{ command: { name: x, start: [/bin/true], stop: [/bin/true], status: [${status}] } }]\n`,
    );
  assert.match(await say('programs-present', { config: configFor('/bin/true') }), /^pass/);
  assert.equal(
    await say('programs-present', { config: configFor('/nowhere/status') }),
    'fail: missing: /nowhere/status',
  );
});
