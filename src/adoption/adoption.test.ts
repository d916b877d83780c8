import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { ok } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import { type AdoptionGround, againstAdoption } from './conditions.ts';
import { giveOrder, ORDER_VALID_MS, takeOrder, withdrawOrder } from './order.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-adopt-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => {
  count += 1;
  return join(folder, String(count));
};

describe('an order', () => {
  const codeOf = (taken: ReturnType<typeof takeOrder>): string =>
    taken === null ? 'none' : taken.ok ? 'taken' : taken.error.code;
  test('is for one start', () => {
    const runDir = fresh();
    assert.ok(giveOrder(runDir, 'boot 1', 1000).ok);
    assert.equal(codeOf(takeOrder(runDir, 'boot 1', 2000)), 'taken');
    assert.equal(codeOf(takeOrder(runDir, 'boot 1', 2001)), 'none');
  });
  test('is worth nothing after its time, after a boot, or from a clock that is not this one; and is gone then too', () => {
    for (const [bootId, now] of [
      ['boot 1', 1000 + ORDER_VALID_MS],
      ['boot 2', 1001],
      ['boot 1', 999],
    ] as const) {
      const runDir = fresh();
      giveOrder(runDir, 'boot 1', 1000);
      assert.equal(codeOf(takeOrder(runDir, bootId, now)), 'adopt-order-stale');
      assert.deepEqual(readdirSync(runDir), []);
    }
  });
  test('that is odd is not followed, and one that was withdrawn is none', () => {
    for (const text of ['', 'yes', '[]', 'null', '{"bootId":"boot 1"}', '{"bootId":"boot 1","until":"9"}']) {
      const runDir = fresh();
      mkdirSync(runDir);
      writeFileSync(join(runDir, 'adopt.json'), text);
      assert.match(codeOf(takeOrder(runDir, 'boot 1', 1000)), /^adopt-order-(odd|stale)$/, text);
      assert.deepEqual(readdirSync(runDir), []);
    }
    const runDir = fresh();
    giveOrder(runDir, 'boot 1', 1000);
    withdrawOrder(runDir);
    withdrawOrder(runDir);
    assert.equal(codeOf(takeOrder(runDir, 'boot 1', 1001)), 'none');
  });
});

interface Machine {
  readonly more?: string;
  readonly role?: 'main' | 'standby';
  readonly addresses?: readonly string[];
  readonly unit?: string;
  readonly tables?: string;
  readonly file?: string;
}

const codeFor = async (machine: Machine): Promise<string> => {
  const runDir = fresh();
  const stateDir = fresh();
  for (const each of [runDir, stateDir]) mkdirSync(each);
  const { file = null } = machine;
  if (file !== null) writeFileSync(join(file.endsWith('.json') ? runDir : stateDir, file), '');
  const { role = 'main', more = '', addresses = ['10.0.0.1', '10.0.0.10'], unit = 'active', tables } = machine;
  const parsed = parseConfig(
    `node: { role: ${role}, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\nrun-dir: ${runDir}\nstate-dir: ${stateDir}\n${more}`,
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const run: Run = async ([program = '']) => {
    const text =
      program === 'nft' ? (tables ?? '') : `LoadState=loaded\nActiveState=${unit}\nSubState=x\nResult=success\n`;
    const exitCode = program === 'nft' && tables === undefined ? 1 : 0;
    return ok({ exitCode, endedBy: null, stdout: text, stderr: '', tookMs: 1 });
  };
  const ground: AdoptionGround = { run, addresses: () => addresses };
  return (await againstAdoption(parsed.config, ground))?.code ?? 'may';
};

const VIRTUAL = 'virtual-ip: { addresses: [10.0.0.10/24], interface: eth0 }\n';
const VOTER = 'arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: 10.0.0.3 }] }\n';

describe('a machine goes on with what serves', () => {
  const table: readonly (readonly [string, Machine, string])[] = [
    ['where Asterisk runs', {}, 'may'],
    ['where the virtual IP is', { more: VIRTUAL }, 'may'],
    ['not where it is elsewhere', { more: VIRTUAL, addresses: ['10.0.0.1'] }, 'adopt-address-not-here'],
    ['not as the standby', { role: 'standby' }, 'adopt-role'],
    ['not where others vote', { more: VOTER }, 'adopt-votes'],
    ['not where Asterisk is stopped', { unit: 'inactive' }, 'adopt-not-serving'],
    ['not while it starts', { unit: 'activating' }, 'adopt-not-serving'],
    ['not after an agent of this boot', { file: 'boot.json' }, 'adopt-state-there'],
    ['not after an agent of a boot before', { file: 'state-b' }, 'adopt-state-there'],
    [
      'not behind a gate',
      { tables: '{"nftables":[{"table":{"family":"inet","name":"dualtone"}}]}' },
      'adopt-gate-there',
    ],
  ];
  for (const [what, machine, code] of table) test(what, async () => assert.equal(await codeFor(machine), code));
});
