import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fail, ok, type Result } from '../core/result.ts';
import { run } from '../process/run.ts';
import { type AskDevice, createAskDevice, type FenceDevice, type Power } from './device.ts';
import { type FenceDesk, type Level, readByLevels, turnOffByLevels } from './levels.ts';
import { parameterTroubles, readMetadata } from './metadata.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-fencing-'));
after(() => rmSync(folder, { recursive: true }));

const device = (name: string, change: Partial<FenceDevice> = {}): FenceDevice => ({
  name,
  agent: 'fence_none',
  options: [],
  secrets: [],
  timeoutMs: 5000,
  ...change,
});

/** A program that is called like an agent; what it is given is written down. */
const agent = (name: string, script: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$*" > ${path}.arguments\ncat > ${path}.input\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};

describe('an agent', () => {
  const ask = createAskDevice(run);
  test('has all of its parameters on standard input, and none as argument', async () => {
    const path = agent('fence_ok', 'exit 2');
    const file = join(folder, 'password');
    writeFileSync(file, 'tres secret\n', { mode: 0o600 });
    const said = await ask.power(
      device('bmc', { agent: path, options: ['ip=10.0.0.5'], secrets: [{ option: 'password', file }] }),
    );
    assert.deepEqual(said, ok('off'));
    assert.equal(readFileSync(`${path}.input`, 'utf8'), 'ip=10.0.0.5\npassword=tres secret\naction=status\n');
    assert.equal(readFileSync(`${path}.arguments`, 'utf8'), '\n');
  });
  test('that ends with neither 0 nor 2 has said nothing of the power; its words come without the secret', async () => {
    const path = agent('fence_bad', 'echo "Login failed with geheim" >&2; exit 1');
    const file = join(folder, 'secret');
    writeFileSync(file, 'geheim', { mode: 0o600 });
    const said = await ask.power(device('bmc', { agent: path, secrets: [{ option: 'password', file }] }));
    assert.ok(!said.ok);
    assert.equal(said.error.code, 'fence-device-refused');
    assert.match(said.error.message, /Login failed with •••/);
  });
  test('that hangs is stopped, with what it started', async () => {
    const path = agent('fence_hangs', 'sleep 60 & wait');
    const said = await ask.power(device('bmc', { agent: path, timeoutMs: 300 }));
    assert.equal(said.ok ? '' : said.error.code, 'fence-device-silent');
  });
  test('ends with the program that asked it, since the next one may have heard the other node', async () => {
    const path = agent('fence_slow', `echo $$ > ${folder}/pid; sleep 30`);
    const asker = spawn(process.execPath, ['--input-type=module-typescript', '-'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const from = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
    asker.stdin.end(`
      import { createAskDevice } from ${from('device.ts')};
      import { run } from ${from('../process/run.ts')};
      void createAskDevice(run).power(${JSON.stringify(device('bmc', { agent: path, timeoutMs: 60_000 }))});
    `);
    const pid = await new Promise<number>((resolve) => {
      const watcher = watch(folder, () => {
        const text = existsSync(join(folder, 'pid')) ? readFileSync(join(folder, 'pid'), 'utf8').trim() : '';
        if (text === '') return;
        watcher.close();
        resolve(Number(text));
      });
    });
    asker.kill('SIGKILL');
    await new Promise((resolve) => asker.once('exit', resolve));
    // A process that is gone, or waits for its new parent to see it.
    const state = (): string => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
      } catch {
        return 'gone';
      }
    };
    while (!['gone', 'Z', 'X'].includes(state())) await setImmediate();
  });
  test('that is not installed is named with its package', async () => {
    const said = await ask.power(device('bmc', { agent: 'fence_of_nobody' }));
    assert.match(said.ok ? '' : said.error.remedy, /fence-agents-of-nobody/);
  });
  for (const [what, text, mode, code] of [
    ['others may read', 'x', 0o644, 'secret-exposed'],
    ['has a second line, which would be a parameter,', 'x\naction=on', 0o600, 'fence-secret-odd'],
  ] as const)
    test(`a secret that ${what} is refused`, async () => {
      const file = join(folder, 'odd');
      writeFileSync(file, text);
      chmodSync(file, mode);
      const said = await ask.power(device('bmc', { secrets: [{ option: 'password', file }] }));
      assert.equal(said.ok ? '' : said.error.code, code);
    });
});

/** Devices of a test: what each says of the power after it was told to turn it off. */
const desk = (powers: Readonly<Record<string, Power | 'silent' | 'refuses'>>, told: string[] = []): FenceDesk => {
  const said = (name: string): Result<Power> => {
    const power = powers[name];
    if (power === 'silent') return fail('fence-device-silent', `${name} did not answer.`, '');
    if (power === 'refuses' || power === undefined) return fail('fence-device-refused', `${name} refused.`, '');
    return ok(power);
  };
  const ask: AskDevice = {
    power: async ({ name }) => said(name),
    turn: async ({ name }, to) => {
      told.push(`${name} ${to}`);
      const answer = said(name);
      return answer.ok ? ok(undefined) : answer;
    },
    metadata: async () => ok(''),
  };
  return { ask, now: () => 0, expiresAt: 1000, signal: new AbortController().signal };
};
const levels = (...names: readonly (readonly string[])[]): readonly Level[] =>
  names.map((each) => ({ devices: each.map((name) => device(name)) }));

describe('levels', () => {
  test('the first that says off is enough, and no other is asked', async () => {
    const told: string[] = [];
    const { outcome, detail } = await turnOffByLevels(levels(['a'], ['b']), desk({ a: 'off', b: 'off' }, told));
    assert.deepEqual([outcome, detail, told], ['off', 'a says off', ['a off']]);
  });
  test('one that says that it did, and reads as on, is no proof; the next is tried', async () => {
    const { outcome, detail } = await turnOffByLevels(levels(['liar'], ['b']), desk({ liar: 'on', b: 'off' }));
    assert.deepEqual([outcome, detail], ['off', 'b says off']);
    assert.equal((await turnOffByLevels(levels(['liar']), desk({ liar: 'on' }))).outcome, 'failed');
  });
  test('of two power supplies both must say off', async () => {
    assert.equal((await turnOffByLevels(levels(['a', 'b']), desk({ a: 'off', b: 'silent' }))).outcome, 'failed');
    assert.equal((await turnOffByLevels(levels(['a', 'b']), desk({ a: 'off', b: 'off' }))).outcome, 'off');
    assert.equal((await readByLevels(levels(['a', 'b']), desk({ a: 'off', b: 'on' }))).outcome, 'on');
  });
  test('nobody answers: unknown; one refuses: failed', async () => {
    assert.equal((await turnOffByLevels(levels(['a'], ['b']), desk({ a: 'silent', b: 'silent' }))).outcome, 'unknown');
    assert.equal((await turnOffByLevels(levels(['a'], ['b']), desk({ a: 'silent', b: 'refuses' }))).outcome, 'failed');
    assert.equal((await readByLevels(levels(['a'], ['b']), desk({ a: 'silent', b: 'off' }))).outcome, 'off');
  });
  test('past its end, or called off, no device is told anything', async () => {
    const told: string[] = [];
    const late = { ...desk({ a: 'off' }, told), now: () => 1000 };
    assert.equal((await turnOffByLevels(levels(['a']), late)).outcome, 'unknown');
    const over = { ...desk({ a: 'off' }, told), signal: AbortSignal.abort() };
    assert.equal((await turnOffByLevels(levels(['a']), over)).outcome, 'unknown');
    assert.deepEqual(told, []);
  });
});

const XML = `<?xml version="1.0" ?>
<resource-agent name="fence_try" shortdesc="Fence agent for &quot;trying&quot;" >
<parameters>
	<parameter name="action" unique="0" required="1"><content type="string" default="reboot"  /></parameter>
	<parameter name="ip" unique="0" required="1" obsoletes="ipaddr"><content type="string"  /><shortdesc lang="en">IP address &amp; host</shortdesc></parameter>
	<parameter name="ipaddr" unique="0" required="1" deprecated="1"><content type="string"  /></parameter>
	<parameter name="lanplus" unique="0" required="0"><content type="boolean"  /></parameter>
	<parameter name="ipport" unique="0" required="0"><content type="integer" default="623"  /></parameter>
	<parameter name="method" unique="0" required="0"><content type="select" default="onoff"  ><option value="onoff" /><option value="cycle" /></content></parameter>
</parameters>
<actions><action name="on" automatic="0"/><action name="off" /><action name="status" /></actions>
</resource-agent>`;

describe('metadata', () => {
  const about = readMetadata(XML);
  assert.ok(about.ok);
  const troubles = (...options: readonly string[]): readonly string[] =>
    parameterTroubles(device('x', { agent: 'fence_try', options }), about.value);
  test('is read', () => {
    assert.equal(about.value.about, 'Fence agent for "trying"');
    assert.equal(about.value.parameters.find(({ name }) => name === 'ip')?.about, 'IP address & host');
    assert.deepEqual(about.value.actions, ['on', 'off', 'status']);
  });
  test('finds nothing in what is right, by the new name or the old', () => {
    assert.deepEqual(troubles('ip=10.0.0.5', 'lanplus=1', 'ipport=623', 'method=cycle'), []);
    assert.deepEqual(troubles('ipaddr=10.0.0.5'), []);
  });
  test('names a slip, what is missing, and a value that cannot be', () => {
    assert.deepEqual(troubles('ip=1', 'lanplsu=1'), ['fence_try knows no parameter lanplsu; is it lanplus?']);
    assert.deepEqual(troubles(), ['fence_try needs ip']);
    assert.deepEqual(troubles('ip=1', 'ipport=x', 'method=burn', 'lanplus=perhaps'), [
      'ipport is no number: x',
      'method is burn, and may be onoff, cycle',
      'lanplus is neither 1 nor 0: perhaps',
    ]);
  });
  test('of something else is refused', () => {
    for (const odd of ['', '<html></html>', 'x'.repeat(10_000)]) assert.ok(!readMetadata(odd).ok);
  });
});
