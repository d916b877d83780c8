import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { checkFile, checkSource, circles } from './layer-check.ts';
import { layers } from './layers.ts';

const sources = async (): Promise<readonly string[]> => {
  const files: string[] = [];
  for await (const file of glob('{src,sim,lab,bench,bin,scripts,test,packaging}/**/*.ts')) files.push(file);
  return files;
};

test('every source file keeps to its layer', async () => {
  const files = await sources();
  assert.ok(files.length > 150, `only ${files.length} files were looked at: the check does not see the sources`);
  const offences = (await Promise.all(files.map(checkFile))).flat();
  assert.deepEqual(offences, []);
});

test('no import comes back to where it began', async () => {
  const files = await sources();
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')] as const));
  assert.deepEqual(circles(new Map(texts)), []);
});

test('a planted circle is seen, of types too, and told once', () => {
  const planted = new Map([
    ['lab/a.ts', "import { x } from './far/b.ts';\nimport { y } from './c.ts';"],
    ['lab/far/b.ts', "import type { X } from '../a.ts';"],
    ['lab/c.ts', "import { readFile } from 'node:fs/promises';"],
  ]);
  assert.deepEqual(circles(planted), ['lab/a.ts -> lab/far/b.ts -> lab/a.ts']);
});

test('every layer has files', async () => {
  const files = await sources();
  for (const { place } of layers.filter((layer) => layer.place !== 'bench')) {
    assert.ok(
      files.some((file) => file === place || file.startsWith(`${place}/`)),
      `nothing stands in ${place}`,
    );
  }
});

/** One planted offence for each rule: each must be seen. */
const planted: readonly (readonly [string, string, RegExp])[] = [
  ['packaging/planted.ts', "import { x } from '../src/cli/program.ts';", /packaging must not import src\/cli/],
  ['src/drill/planted.ts', "import { x } from '../agent/loop.ts';", /src\/drill must not import src\/agent/],
  ['src/drill/planted.ts', "import { x } from '../core/decide.ts';", /src\/drill must not import src\/core/],
  ['src/adoption/planted.ts', "import { x } from '../agent/loop.ts';", /src\/adoption must not import src\/agent/],
  [
    'src/steps/service/settings.ts',
    "import { x } from '../../agent/loop.ts';",
    /src\/steps\/service\/settings.ts must not import src\/agent/,
  ],
  ['src/refuser/planted.ts', "import { x } from '../agent/loop.ts';", /src\/refuser must not import src\/agent/],
  ['src/agent/planted.ts', "import { x } from '../refuser/process.ts';", /src\/agent must not import src\/refuser/],
  ['src/upgrade/planted.ts', "import { x } from '../agent/loop.ts';", /src\/upgrade must not import src\/agent/],
  ['src/systemd/planted.ts', "import { x } from '../probes/board.ts';", /src\/systemd must not import src\/probes/],
  ['src/replicator/planted.ts', "import { x } from '../agent/loop.ts';", /src\/replicator must not import src\/agent/],
  [
    'src/agent/planted.ts',
    "import { x } from '../replicator/process.ts';",
    /src\/agent must not import src\/replicator/,
  ],
  [
    'src/checks/planted.ts',
    "import { createGate } from '../steps/gate/gate.ts';",
    /src\/checks must not import src\/steps\/gate\/gate/,
  ],
  ['src/checks/planted.ts', "import { x } from '../agent/loop.ts';", /src\/checks must not import src\/agent/],
  ['src/agent/planted.ts', "import { x } from '../checks/works.ts';", /src\/agent must not import src\/checks\/works/],
  ['src/reporting/planted.ts', "import { x } from '../agent/loop.ts';", /src\/reporting must not import src\/agent/],
  ['src/reporting/core/planted.ts', "import { x } from '../source.ts';", /src\/reporting\/core must not import/],
  ['src/agent/planted.ts', "import { x } from '../reporting/lane.ts';", /src\/agent must not import src\/reporting/],
  ['src/alarms/planted.ts', "import { x } from '../agent/loop.ts';", /src\/alarms must not import src\/agent\/loop/],
  ['src/alarms/core/planted.ts', "import { readFile } from 'node:fs';", /src\/alarms\/core must stand alone/],
  [
    'src/alarms/core/planted.ts',
    "import { run } from '../../process/run.ts';",
    /src\/alarms\/core must not import src\/process/,
  ],
  ['src/agent/planted.ts', "import { x } from '../alarms/engine.ts';", /src\/agent must not import src\/alarms/],
  ['src/pairing/planted.ts', "import { x } from '../agent/loop.ts';", /src\/pairing must not import src\/agent/],
  [
    'src/pairing/planted.ts',
    "import { x } from '../peer/session.ts';",
    /src\/pairing must not import src\/peer\/session/,
  ],
  ['src/changes/planted.ts', "import { x } from '../config/config.ts';", /src\/changes must not import src\/config/],
  [
    'src/language/planted.ts',
    "import { x } from '../core/decide.ts';",
    /src\/language must not import src\/core\/decide/,
  ],
  ['src/web/page/planted.ts', "import { readFile } from 'node:fs';", /src\/web\/page must stand alone/],
  ['src/web/page/planted.ts', "import { x } from '../../core/decide.ts';", /src\/web\/page must not import/],
  ['src/core/planted.ts', "import { readFile } from 'node:fs/promises';", /must stand alone/],
  ['src/core/planted.ts', "import { z } from 'zod';", /must stand alone/],
  ['src/core/planted.ts', "import type { Clock } from '../ports.ts';", /src\/core must not import src\/ports\.ts/],
  ['src/core/phases/planted.ts', "import { x } from '../../agent/loop.ts';", /src\/core must not import src\/agent/],
  ['src/core/planted.ts', 'export const now = () => Date.now();', /wall clock/],
  ['src/core/planted.ts', 'export const dice = () => Math.random();', /rolls dice/],
  ['src/core/planted.ts', 'setTimeout(() => undefined, 5);', /touches the system/],
  ['src/core/planted.ts', 'export const f = async () => undefined;', /waits/],
  ['src/ports.ts', "import { createGate } from './steps/gate/gate.ts';", /src\/ports\.ts must not import/],
  ['src/profiles/planted.ts', "import { readFile } from 'node:fs';", /must stand alone/],
  [
    'src/config/planted.ts',
    "import { createDns } from '../switches/dns/dns.ts';",
    /src\/config must not import src\/switches\/dns\/dns/,
  ],
  [
    'src/config/planted.ts',
    "import { createAgent } from '../agent/agent.ts';",
    /src\/config must not import src\/agent/,
  ],
  ['src/sip/planted.ts', "import type { State } from '../core/state.ts';", /src\/sip must not import src\/core\/state/],
  ['src/nrpe/planted.ts', "import { x } from '../probes/answer.ts';", /src\/nrpe must not import src\/probes/],
  ['src/ami/planted.ts', "import { sendOptions } from '../sip/options.ts';", /src\/ami must not import src\/sip/],
  ['src/ssh/planted.ts', "import type { Clock } from '../ports.ts';", /src\/ssh must not import src\/ports\.ts/],
  ['src/files/planted.ts', "import { run } from '../process/run.ts';", /src\/files must not import src\/process/],
  ['src/http/planted.ts', "import { run } from '../process/run.ts';", /src\/http must not import src\/process/],
  ['src/process/planted.ts', "import { decide } from '../core/decide.ts';", /src\/process must not import/],
  ['src/time/planted.ts', "import { x } from '../process/run.ts';", /src\/time must not import src\/process/],
  ['src/steps/planted.ts', "import { Config } from '../config/config.ts';", /src\/steps must not import src\/config/],
  [
    'src/replication/planted.ts',
    "import { Config } from '../config/config.ts';",
    /src\/replication must not import src\/config/,
  ],
  [
    'src/steps/gate/settings.ts',
    "import { readFile } from 'node:fs';",
    /src\/steps\/gate\/settings.ts must stand alone/,
  ],
  [
    'src/replication/access.ts',
    "import { x } from '../replicator/process.ts';",
    /src\/replication\/access.ts must not import src\/replicator/,
  ],
  ['src/probes/planted.ts', "import { x } from '../steps/hook.ts';", /src\/probes must not import src\/steps/],
  ['src/steps/planted.ts', "import { x } from '../probes/sip.ts';", /src\/steps must not import src\/probes/],
  [
    'src/replication/planted.ts',
    "import { x } from '../peer/stream.ts';",
    /src\/replication must not import src\/peer/,
  ],
  ['src/switcher/planted.ts', "import { x } from '../agent/loop.ts';", /src\/switcher must not import src\/agent/],
  ['src/switches/planted.ts', "import { x } from '../xivo/commands.ts';", /src\/switches must not import src\/xivo/],
  ['src/xivo/planted.ts', "import { x } from '../agent/loop.ts';", /src\/xivo must not import src\/agent/],
  ['src/xivo/planted.ts', "import { x } from '../steps/hook.ts';", /src\/xivo must not import src\/steps/],
  ['src/notify/planted.ts', "import { x } from '../journal/journal.ts';", /src\/notify must not import src\/journal/],
  ['src/journal/planted.ts', "import { x } from '../config/config.ts';", /src\/journal must not import src\/config/],
  ['src/peer/planted.ts', "import { x } from '../probes/icmp.ts';", /src\/peer must not import src\/probes/],
  ['src/api/planted.ts', "import { x } from '../agent/loop.ts';", /src\/api must not import src\/agent/],
  ['src/cli/planted.ts', "import { x } from '../steps/service.ts';", /src\/cli must not import src\/steps/],
  ['src/agent/planted.ts', "import { x } from '../cli/main.ts';", /src\/agent must not import src\/cli/],
  ['src/agent/planted.ts', "const m = await import('../../sim/world.ts');", /src\/agent must not import sim/],
  ['sim/planted.ts', "import { x } from '../src/agent/loop.ts';", /sim must not import src\/agent/],
  [
    'src/web/server/planted.ts',
    "import { x } from '../../journal/reader.ts';",
    /src\/web\/server must not import src\/journal/,
  ],
  [
    'src/web/server/planted.ts',
    "import { x } from '../keeper/users.ts';",
    /src\/web\/server must not import src\/web\/keeper/,
  ],
  [
    'src/web/keeper/planted.ts',
    "import { x } from '../../agent/agent.ts';",
    /src\/web\/keeper must not import src\/agent\/agent/,
  ],
  ['src/web/planted.ts', "import { x } from '../config/config.ts';", /src\/web must not import src\/config/],
  ['lab/network/planted.ts', "import { x } from '../hosts/host.ts';", /lab\/network must not import lab\/hosts/],
  ['lab/tree/planted.ts', "import { x } from '../network/rules.ts';", /lab\/tree must not import lab\/network/],
  ['lab/hosts/planted.ts', "import type { Lab } from '../lab.ts';", /lab\/hosts must not import lab\/lab/],
  ['lab/topology.ts', "import { x } from './etcd/places.ts';", /lab\/topology.ts must not import lab\/etcd/],
  ['lab/run-state.ts', "import { x } from './phones/clock.ts';", /lab\/run-state.ts must not import lab\/phones/],
  ['lab/teardown.ts', "import { x } from './pair/pair.ts';", /lab\/teardown.ts must not import lab\/pair/],
  ['lab/lab.ts', "import { x } from './xivo/site.ts';", /lab\/lab.ts must not import lab\/xivo/],
  ['lab/phones/planted.ts', "import { x } from '../pair/pair.ts';", /lab\/phones must not import lab\/pair/],
  [
    'lab/provider/planted.ts',
    "import { x } from '../asterisk/plan.ts';",
    /lab\/provider must not import lab\/asterisk/,
  ],
  ['lab/witness/planted.ts', "import { x } from '../scenarios/run.ts';", /lab\/witness must not import lab\/scenarios/],
  ['lab/telephone-system/planted.ts', "import { x } from '../data/prepare.ts';", /must not import lab\/data/],
  ['lab/asterisk/planted.ts', "import { x } from '../xivo/setup.ts';", /lab\/asterisk must not import lab\/xivo/],
  ['lab/data/planted.ts', "import { x } from '../pair/setup.ts';", /lab\/data must not import lab\/pair/],
  [
    'lab/etcd/planted.ts',
    "import type { X } from '../scenarios/undertaking.ts';",
    /lab\/etcd must not import lab\/scenarios/,
  ],
  ['lab/fencing/planted.ts', "import type { X } from '../xivo/site.ts';", /lab\/fencing must not import lab\/xivo/],
  ['lab/remsys/planted.ts', "import { x } from '../pair/configuration.ts';", /lab\/remsys must not import lab\/pair/],
  ['lab/xivo/planted.ts', "import type { X } from '../pair/setup.ts';", /lab\/xivo must not import lab\/pair/],
  ['lab/pair/planted.ts', "import { x } from '../scenarios/stage.ts';", /lab\/pair must not import lab\/scenarios/],
  ['lab/faults/planted.ts', "import { x } from '../pair/pair.ts';", /lab\/faults must not import lab\/pair/],
  [
    'lab/scenarios/planted.ts',
    "import { x } from '../catalogue/catalogue.ts';",
    /lab\/scenarios must not import lab\/catalogue/,
  ],
  ['lab/first-run/planted.ts', "import { x } from '../pair/pair.ts';", /lab\/first-run must not import lab\/pair/],
  [
    'lab/package/planted.ts',
    "import { x } from '../catalogue/page.ts';",
    /lab\/package must not import lab\/catalogue/,
  ],
  ['lab/plugs/planted.ts', "import { x } from '../demo/main.ts';", /lab\/plugs must not import lab\/demo/],
  ['lab/page/planted.ts', "import { x } from '../scenarios/run.ts';", /lab\/page must not import lab\/scenarios/],
  ['lab/catalogue/planted.ts', "import { x } from '../demo/main.ts';", /lab\/catalogue must not import lab\/demo/],
  ['lab/demo/planted.ts', "import { x } from '../catalogue/catalogue.ts';", /lab\/demo must not import lab\/catalogue/],
  ['src/web2/planted.ts', 'export const x = 1;', /stands in no layer/],
];

for (const [file, source, expected] of planted) {
  test(`a planted offence is seen: ${file}: ${source}`, () => {
    const [offence] = checkSource(file, source);
    assert.match(offence?.text ?? 'nothing was seen', expected);
  });
}

test('words in strings and comments are no offences', () => {
  assert.deepEqual(checkSource('src/core/fine.ts', "// Date.now()\nexport const s = 'setTimeout(';\n"), []);
});
