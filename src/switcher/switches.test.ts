import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import { ok } from '../core/result.ts';
import type { Run } from '../process/run.ts';
import { createContactCentre } from '../switches/contact-centre.ts';
import { createEdge } from '../switches/edge/edge.ts';
import { startFakeBox } from '../switches/testing/fake-box.ts';
import { createForcedHost } from '../switches/testing/forced.ts';
import type { LookAtUnits } from '../systemd/units.ts';
import { createDoneMemory } from './memory.ts';
import type { Switch } from './switch.ts';
import { awaitUnits, centreSwitch, edgeSwitch, programSwitch, switchesOf } from './switches.ts';

const never = new AbortController().signal;
const sides = { main: { xivo: '10.0.0.1', cc: null }, standby: { xivo: '10.0.0.2', cc: null } };
const envOf = (address: string): string =>
  `XIVO_HOST=${address}\nTURN_ALLOWED_PEERS=${address}\nXIVO_MDS_HOST_DEFAULT=${address}\n`;

const said = async (doing: ReturnType<Switch['look']>): Promise<string | null> => {
  const done = await doing;
  return done.ok ? done.value : `${done.error.code}: ${done.error.message}`;
};

const scratch = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-switches-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test('Edge follows the active node, and what a hand put back to the other side is mended', async (t) => {
  const far = createForcedHost('dualtone-edge');
  t.after(far.remove);
  far.put('.env', envOf('10.0.0.1'));
  const edge = edgeSwitch(createEdge({ host: far.host, sides, fileMs: 60_000, upMs: 60_000 }), 'standby', 60_000);
  assert.match(
    (await said(edge.activate(false, never, 2))) ?? '',
    /^changed XIVO_HOST from 10\.0\.0\.1 to 10\.0\.0\.2, /,
  );
  assert.equal(far.file('running-env'), envOf('10.0.0.2'));
  assert.equal(await said(edge.look(never, 2)), null);
  far.put('.env', envOf('10.0.0.1'));
  assert.match((await said(edge.look(never, 2))) ?? '', /^it no longer pointed to the standby: changed XIVO_HOST/);
  assert.equal(far.file('.env'), envOf('10.0.0.2'));
  assert.match((await said(edge.activate(false, never, 2))) ?? '', /already, and runs/);
});

const centreOf = (t: TestContext, passive: 'run' | 'stop') => {
  const far = createForcedHost('dualtone-cc');
  t.after(far.remove);
  const centre = createContactCentre({
    host: far.host,
    service: 'xuc',
    readiness: { kind: 'log', pattern: /xuc started/ },
    restartMs: 60_000,
    readyMs: 60_000,
    everyMs: 20,
  });
  return { far, centre: centreSwitch(centre, { service: 'xuc', passive, servicesTimeMs: 0 }, 60_000, async () => []) };
};

const restarts = (calls: readonly string[]): number => calls.filter((call) => call === 'restart xuc').length;

test('xuc is restarted by a new term, not where the same node serves on, and where it has died', async (t) => {
  const { far, centre } = centreOf(t, 'run');
  assert.equal(centre.passivate, null);
  assert.match((await said(centre.activate(false, never, 2))) ?? '', /^xuc was restarted and is ready after \d+ s/);
  assert.match((await said(centre.activate(true, never, 2))) ?? '', /runs on/);
  assert.equal(await said(centre.look(never, 2)), null);
  assert.equal(restarts(far.calls()), 1);
  far.put('services', '');
  assert.match((await said(centre.look(never, 2))) ?? '', /^it did not run: xuc was restarted/);
  assert.equal(restarts(far.calls()), 2);
});

test('xuc is restarted once the other services of this node run; one that does not come keeps it waiting no longer than its time', async (t) => {
  const far = createForcedHost('dualtone-cc');
  t.after(far.remove);
  const centre = createContactCentre({
    host: far.host,
    service: 'xuc',
    readiness: { kind: 'log', pattern: /xuc started/ },
    restartMs: 60_000,
    readyMs: 60_000,
    everyMs: 20,
  });
  const units = ['xivo-agid.service', 'xivo-ctid.service', 'xivo-gone.service'];
  let looks = 0;
  const restartsSeen: number[] = [];
  const look =
    (comes: boolean): LookAtUnits =>
    async () => {
      looks += 1;
      restartsSeen.push(restarts(far.calls()));
      const ctid = comes && looks > 1 ? 'active' : 'activating';
      return ok(
        [
          ['loaded', 'active'],
          ['loaded', ctid],
          ['not-found', 'inactive'],
        ].map(
          ([load = '', active = '']) =>
            new Map([
              ['LoadState', load],
              ['ActiveState', active],
            ]),
        ),
      );
    };
  const settings = { service: 'xuc', passive: 'run' } as const;
  const whole = centreSwitch(centre, { ...settings, servicesTimeMs: 60_000 }, 60_000, awaitUnits(units, look(true)));
  assert.match((await said(whole.activate(false, never, 2))) ?? '', /^xuc was restarted and is ready after \d+ s$/);
  assert.deepEqual(restartsSeen, [0, 0], 'not before they all ran');
  const failed: LookAtUnits = async () =>
    ok([
      new Map([
        ['LoadState', 'loaded'],
        ['ActiveState', 'failed'],
      ]),
    ]);
  assert.deepEqual(
    await awaitUnits(['isc-dhcp-server.service'], failed)(60_000, never),
    ['isc-dhcp-server.service'],
    'what has failed is named, and not waited for',
  );
  const lame = centreSwitch(centre, { ...settings, servicesTimeMs: 0 }, 60_000, awaitUnits(units, look(false)));
  assert.match((await said(lame.activate(false, never, 2))) ?? '', /though these do not run here: xivo-ctid\.service$/);
  assert.equal(restarts(far.calls()), 2);
});

test('where the deployment wants it, the passive side stops xuc, once', async (t) => {
  const { far, centre } = centreOf(t, 'stop');
  far.put('services', 'xuc\n');
  const stop = centre.passivate ?? assert.fail('nothing is stopped');
  assert.equal(await said(stop(never)), 'xuc was stopped');
  assert.equal(await said(stop(never)), 'xuc does not run');
  assert.equal(far.calls().filter((call) => call === 'stop xuc').length, 1);
});

const boxesOf = (role: 'main' | 'standby', port: number, loginFile: string): readonly Switch[] => {
  const there = role === 'main' ? 'b' : 'a';
  const text = `node: { role: ${role}, name: ${role === 'main' ? 'a' : 'b'}, address: 10.0.0.1 }
peer: { name: ${there}, address: 10.0.0.2 }
switches: { berofos: { watchdog: true, boxes: [{ name: fos1, address: 127.0.0.1, port: ${port}, login-file: ${loginFile} }] } }
`;
  const parsed = parseConfig(text);
  assert.ok(parsed.ok);
  const noPrograms: Run = async () => assert.fail('no program is run');
  return switchesOf(parsed.config, noPrograms);
};

test('a box follows with its watchdog: armed by the main again and again, disarmed by the standby', async (t) => {
  const loginFile = join(scratch(t), 'login');
  const box = await startFakeBox('admin:secret');
  t.after(box.stop);
  const [main] = boxesOf('main', box.port, loginFile);
  const [standby] = boxesOf('standby', box.port, loginFile);
  assert.ok(main !== undefined && standby !== undefined);
  assert.equal(main.name, 'berofos fos1');
  assert.deepEqual([main.lookMs, standby.lookMs], [15_000, 60_000]);
  assert.match((await said(standby.activate(false, never, 2))) ?? '', /^secret-unreadable/);
  writeFileSync(loginFile, 'admin\n', { mode: 0o600 });
  assert.match((await said(standby.activate(false, never, 2))) ?? '', /^berofos-login-odd/);
  writeFileSync(loginFile, 'admin:secret\n');
  // A login that was corrected counts at the next try.
  assert.equal(await said(standby.activate(false, never, 2)), 'its relays moved to the standby');
  assert.deepEqual([box.values.get('4_mode'), box.values.get('6_wen')], ['0', '0']);
  assert.equal(await said(main.activate(false, never, 2)), 'its relays moved to the main');
  assert.equal(box.values.get('6_wen'), '1');
  const armed = (): number => box.asked.filter((path) => path.includes('wen=1')).length;
  const before = armed();
  assert.equal(await said(main.look(never, 2)), null);
  assert.equal(armed(), before + 1);
  box.values.set('4_mode', '0');
  assert.equal(await said(main.look(never, 2)), 'its relays had left the main, and were put back');
});

test('a program is run once for a term, fails with what it said, and is passed over where it is not installed', async () => {
  let exitCode = 1;
  const ran: string[] = [];
  const run: Run = async (argv) => {
    ran.push(argv.join(' '));
    return ok({ exitCode, endedBy: null, stdout: '', stderr: 'no such daemon\n', tookMs: 800 });
  };
  const relog = programSwitch({ name: 'agents', run: ['/usr/bin/env', 'relog'], timeoutMs: 1000 }, run, 60_000);
  assert.equal(
    await said(relog.activate(false, never, 2)),
    'switch-program-failed: /usr/bin/env relog ended with 1: no such daemon.',
  );
  exitCode = 0;
  assert.equal(await said(relog.activate(false, never, 2)), 'done within 1 s');
  exitCode = 127;
  assert.match((await said(relog.activate(false, never, 2))) ?? '', /not installed/);
  assert.match((await said(relog.activate(true, never, 2))) ?? '', /not needed/);
  assert.equal(await said(relog.look(never, 2)), null);
  assert.equal(ran.length, 3);
});

test('each side has its own contact centre, and one without a host switches none', () => {
  const parsed = parseConfig(
    `node: { role: standby, name: b, address: 10.0.0.2 }\npeer: { name: a, address: 10.0.0.1 }\nswitches: { contact-centre: { main: { address: 10.0.0.3 } } }\n`,
  );
  assert.ok(parsed.ok);
  const none: Run = async () => ok({ exitCode: 0, endedBy: null, stdout: '', stderr: '', tookMs: 0 });
  assert.deepEqual(switchesOf(parsed.config, none), []);
});

test('what was done is known after a restart, and forgotten by a boot or in a damaged file', (t) => {
  const path = join(scratch(t), 'switches.json');
  const quiet = (why: string): void => assert.fail(why);
  createDoneMemory(path, 'boot-1', quiet).write('edge', 4);
  assert.equal(createDoneMemory(path, 'boot-1', quiet).read('edge'), 4);
  assert.equal(createDoneMemory(path, 'boot-2', quiet).read('edge'), 0);
  for (const text of ['{"boot":"boot-1"', '{"boot":"boot-1","epochByName":{"edge":"4"}}', 'null']) {
    writeFileSync(path, text);
    assert.equal(createDoneMemory(path, 'boot-1', quiet).read('edge'), 0);
  }
  const troubles: string[] = [];
  const refused = createDoneMemory(join(path, 'no'), 'boot-1', (why) => troubles.push(why));
  refused.write('edge', 6);
  assert.deepEqual([refused.read('edge'), troubles.length], [6, 1]);
});
