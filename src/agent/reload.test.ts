import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { generateKey } from '../peer/key.ts';
import { createReload, type LiveConfig } from './reload.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualtone-reload-'));
after(() => rmSync(folder, { recursive: true }));
const keyFile = join(folder, 'pair.key');
writeFileSync(keyFile, generateKey(), { mode: 0o600 });

const configOf = (peer: string, more = '', role = 'main'): Config => {
  const text = `key-file: ${keyFile}\nnode: { role: ${role}, name: pbx1, address: 10.0.0.1 }\npeer: { ${peer} }\nprobes: { ami: null }\nstreams: { astdb: { enabled: false } }\n${more}`;
  const parsed = parseConfig(text);
  if (!parsed.ok) assert.fail(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.config;
};
const FORMER = 'name: pbx2, address: 10.0.0.2';

const bench = (former: Config, now: Result<Config>) => {
  const seen: string[] = [];
  const config: LiveConfig = { ...former };
  const reload = createReload({
    config,
    link: { replace: ({ name, address, port }) => void seen.push(`link ${name} ${address} ${port}`) },
    stream: {
      renew: async ({ peer }) => {
        seen.push(`stream ${peer.name}`);
        return ok(undefined);
      },
    },
    beside: [{ again: () => void seen.push('beside') }],
    reread: () => now,
  });
  return { config, seen, reload };
};

test('a new other node is taken up by datagrams, stream, what is shown, and the processes beside', async () => {
  const next = configOf('name: pbx9, address: 10.0.0.9, port: 4600');
  const { config, seen, reload } = bench(configOf(FORMER), ok(next));
  const answer = await reload();
  assert.deepEqual([answer.ok, answer.text], [true, 'The other node is pbx9, 10.0.0.9.']);
  assert.deepEqual(seen, ['link standby 10.0.0.9 4600', 'stream pbx9', 'beside']);
  assert.equal(config.peer.name, 'pbx9');
});

test('anything more needs a restart, and then nothing is taken up', async () => {
  const moved = 'name: pbx9, address: 10.0.0.9';
  const looks = 'watch: { kind: looks }\n';
  const cases: readonly (readonly [Config, Result<Config>, string])[] = [
    [configOf(FORMER), ok(configOf(moved, 'failback: { policy: manual }\n')), 'reload-needs-restart'],
    [configOf(FORMER, looks, 'standby'), ok(configOf(moved, looks, 'standby')), 'reload-needs-restart'],
    [configOf(FORMER), fail('reload-unprepared', 'No.', 'No.'), 'reload-unprepared'],
    [configOf(FORMER), ok({ ...configOf(moved), keyFile: join(folder, 'none') }), 'reload-needs-restart'],
  ];
  for (const [former, now, code] of cases) {
    const { config, seen, reload } = bench(former, now);
    const answer = await reload();
    assert.deepEqual([answer.ok, answer.code], [false, code]);
    assert.deepEqual(seen, []);
    assert.deepEqual(config.peer, former.peer);
  }
});

test('a key that cannot be read is told before anything is taken up', async () => {
  const gone = join(folder, 'gone.key');
  const former = { ...configOf(FORMER), keyFile: gone };
  const next = { ...configOf('name: pbx9, address: 10.0.0.9'), keyFile: gone };
  const { config, seen, reload } = bench(former, ok(next));
  const answer = await reload();
  assert.deepEqual([answer.ok, seen.length, config.peer.name], [false, 0, 'pbx2']);
});
