import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../config/parse.ts';
import { toSettings } from '../../config/settings.ts';
import type { State } from '../../core/state.ts';
import type { Service, SwitchNote } from '../../switcher/protocol.ts';
import { startFakeBox } from '../../switches/testing/fake-box.ts';
import { systemClock } from '../../time/clock.ts';
import { createServiceTeller } from '../service-teller.ts';
import { createSwitcher } from './switcher.ts';

const configOf = (more: string) => {
  const parsed = parseConfig(
    `node: { role: standby, name: b, address: 127.0.0.1 }\npeer: { name: a, address: 127.0.0.2 }\nprofile: xivo\nvirtual-ip: { addresses: [127.0.0.9/8], interface: lo }\n${more}`,
  );
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  return parsed.config;
};

interface Given {
  readonly holding?: number;
  readonly highest: number;
  readonly closing?: boolean;
  readonly done?: readonly string[];
}

const stateOf = (ids: readonly string[], { holding = 0, highest, closing = false, done = [] }: Given): State =>
  ({
    lease: holding > 0 ? { name: 'held', epoch: holding } : { name: 'none' },
    phase: { name: closing ? 'closing' : holding > 0 ? 'serving' : 'passive' },
    boot: { highest },
    plan: { target: 'activate', statuses: ids.map((id) => (done.includes(id) ? 'done' : 'to-do')) },
  }) as unknown as State;

test('machines are moved when Asterisk and the address are there, whatever else of the plan hangs or fails', () => {
  const config = configOf('');
  const settings = toSettings(config);
  const ids = settings.plan.map(({ id }) => id);
  const told: Service[] = [];
  const see = createServiceTeller(settings, (service) => told.push(service));
  const show = (given: Given): void => see(stateOf(ids, given));
  show({ highest: 4 });
  show({ highest: 5, holding: 5 });
  show({ highest: 5, holding: 5, done: ['service:asterisk.service'] });
  assert.deepEqual(told, [{ active: false, epoch: 0, others: 4 }]);
  show({ highest: 5, holding: 5, done: ['service:asterisk.service', 'virtual-ip'] });
  // A step that is tried again later is no news.
  show({ highest: 5, holding: 5, done: ['virtual-ip'] });
  show({ highest: 5, holding: 5, closing: true });
  show({ highest: 6 });
  assert.deepEqual(told.slice(1), [
    { active: true, epoch: 5, others: 4 },
    { active: false, epoch: 0, others: 4 },
    { active: false, epoch: 0, others: 6 },
  ]);
});

test('nothing is switched, and no process runs, where nothing is configured', () => {
  const config = configOf('switches: { programs: [] }\n');
  assert.equal(createSwitcher(config, toSettings(config), ['false'], systemClock), null);
});

test('the process itself moves a box when this node serves, and tells how it went', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-switcher-'));
  const box = await startFakeBox(null);
  t.after(async () => {
    await box.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'node.yaml');
  const key = join(folder, 'pair.key');
  writeFileSync(key, 'x'.repeat(64), { mode: 0o600 });
  const text = `node: { role: standby, name: b, address: 127.0.0.1 }
peer: { name: a, address: 127.0.0.99 }
key-file: ${key}
state-dir: ${folder}
run-dir: ${folder}/run
probes: { ami: null }
streams: { astdb: { enabled: false } }
switches: { berofos: { boxes: [{ name: fos1, address: 127.0.0.1, port: ${box.port} }] } }
`;
  writeFileSync(file, text);
  const parsed = parseConfig(text);
  assert.ok(parsed.ok);
  const entry = join(import.meta.dirname, '../../../bin/dualtone.ts');
  const settings = toSettings(parsed.config);
  const argv = [process.execPath, entry, 'switcher', '--config', file];
  const switcher = createSwitcher(parsed.config, settings, argv, systemClock);
  assert.ok(switcher !== null);
  const { promise: noted, resolve } = Promise.withResolvers<SwitchNote>();
  const troubles: string[] = [];
  const ids = settings.plan.map(({ id }) => id);
  switcher.see(stateOf(ids, { highest: 3, holding: 3, done: ids }));
  switcher.start({
    note: (_kind, data) => resolve(data as SwitchNote),
    say: (_level, _code, words) => troubles.push(words),
  });
  t.after(() => switcher.stop());
  const { name, outcome, text: words } = await noted;
  assert.deepEqual([name, outcome, words], ['berofos fos1', 'done', 'berofos fos1: its relays moved to the standby']);
  assert.equal(box.values.get('4_mode'), '0');
  assert.deepEqual(troubles, []);
  assert.equal(switcher.view().trouble, null);
});
