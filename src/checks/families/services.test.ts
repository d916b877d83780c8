import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configWith, fakeRun, find, goodSnapshot, type Planted, temporary, told } from '../testing/around.ts';
import { kernelChecks, scheduledOf } from './kernel.ts';
import { serviceChecks } from './services.ts';
import { telephoneSystemChecks } from './telephone-system.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));

const all = [...serviceChecks, ...kernelChecks, ...telephoneSystemChecks];
const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(all, id, planted));

/** `systemctl show` of units with these properties. */
const systemd = (propertiesByUnit: Readonly<Record<string, string>>) =>
  fakeRun((argv) => {
    if (argv[0] !== 'systemctl') return null;
    return {
      out: propertiesByUnit[argv.at(-1) ?? ''] ?? 'LoadState=not-found\nUnitFileState=\nActiveState=inactive\n',
    };
  });

const enabled = (dropIns = '') =>
  `LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nDropInPaths=${dropIns}\n`;
const noSystemd = fakeRun(() => ({
  exit: 1,
  err: 'System has not been booted with systemd as init system (PID 1).\n',
}));

test('services-present: installed, absent, masked; without systemd it is not known', async () => {
  const config = configWith('services: [{ unit: asterisk.service }, { unit: monit.service, when: active }]\n');
  const both = { 'asterisk.service': enabled(), 'monit.service': enabled() };
  assert.equal(await say('services-present', { config, run: systemd(both) }), 'pass: 2 units are there');
  const one = { ...both, 'monit.service': 'LoadState=masked\nUnitFileState=masked\n' };
  assert.equal(await say('services-present', { config, run: systemd(one) }), 'fail: monit.service is masked');
  assert.equal(
    await say('services-present', { config, run: systemd({}) }),
    'fail: asterisk.service is not-found, monit.service is not-found',
  );
  assert.match(await say('services-present', { config, run: noSystemd }), /^unknown: systemd does not answer/);
  assert.match(await say('services-present', { config: configWith('services: []\n') }), /^not-applicable/);
});

test('services-passive-at-boot: enabled without the guard would serve at a boot of the passive node', async () => {
  const config = configWith('services: [{ unit: asterisk.service }, { unit: monit.service, when: active }]\n');
  const guarded = { 'monit.service': enabled('/etc/systemd/system/monit.service.d/50-dualtone.conf') };
  assert.match(await say('services-passive-at-boot', { config, run: systemd(guarded) }), /^pass: monit\.service wait/);
  const loose = { 'monit.service': enabled('/etc/systemd/system/monit.service.d/override.conf') };
  assert.match(
    await say('services-passive-at-boot', { config, run: systemd(loose) }),
    /^fail: monit\.service would start/,
  );
  const disabled = { 'monit.service': 'LoadState=loaded\nUnitFileState=disabled\n' };
  assert.match(await say('services-passive-at-boot', { config, run: systemd(disabled) }), /^pass/);
  const cold = configWith('telephony: cold\nservices: [{ unit: asterisk.service }]\n');
  assert.match(
    await say('services-passive-at-boot', { config: cold, run: systemd({ 'asterisk.service': enabled() }) }),
    /^fail: asterisk/,
  );
  assert.match(
    await say('services-passive-at-boot', { config: configWith('services: [{ unit: a.service }]\n') }),
    /^not-applicable/,
  );
});

test('agent-at-boot and gate-at-boot: units that are there and enabled', async () => {
  for (const [id, unit] of [
    ['agent-at-boot', 'dualtone.service'],
    ['gate-at-boot', 'dualtone-gate.service'],
  ] as const) {
    assert.match(await say(id, { run: systemd({ [unit]: enabled() }) }), /^pass/);
    assert.match(await say(id, { run: systemd({}) }), /^fail: there is no dualtone/);
    const off = { [unit]: 'LoadState=loaded\nUnitFileState=disabled\n' };
    assert.equal(await say(id, { run: systemd(off) }), `fail: ${unit} is disabled`);
  }
});

test('no-rival-program: another that decides the same, as a process or in cron; a commented line is none', async () => {
  const root = join(folder, 'rivals');
  mkdirSync(join(root, 'proc', '17'), { recursive: true });
  mkdirSync(join(root, 'proc', 'self'));
  mkdirSync(join(root, 'etc', 'cron.d'), { recursive: true });
  writeFileSync(join(root, 'proc', '17', 'comm'), 'asterisk\n');
  assert.equal(await say('no-rival-program', { root }), 'pass: none runs');
  const cron = join(root, 'etc', 'cron.d', 'xivo-ha-slave');
  writeFileSync(cron, '# * * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1 >/dev/null\n');
  assert.equal(await say('no-rival-program', { root }), 'pass: none runs');
  writeFileSync(cron, '* * * * * root /usr/sbin/xivo-check-master-status 10.0.0.1 >/dev/null\n');
  writeFileSync(join(root, 'proc', '17', 'comm'), 'keepalived\n');
  assert.equal(await say('no-rival-program', { root }), 'fail: keepalived runs, /etc/cron.d/xivo-ha-slave is active');
  rmSync(cron);
  writeFileSync(join(root, 'proc', '17', 'comm'), 'asterisk\n');
  mkdirSync(join(root, 'var/spool/cron/crontabs'), { recursive: true });
  const crontab = join(root, 'var/spool/cron/crontabs/root');
  writeFileSync(crontab, '#*/1 * * * * /root/bin/check_voip.sh\n*/2 * * * * /root/bin/rsync.sh\n');
  assert.equal(await say('no-rival-program', { root }), 'pass: none runs');
  writeFileSync(crontab, '*/1 * * * * /root/bin/check_voip.sh\n');
  assert.equal(await say('no-rival-program', { root }), 'fail: /var/spool/cron/crontabs/root is active');
  // Of this machine itself, whose processes are real.
  assert.match(await say('no-rival-program'), /^(pass|fail)/);
});

test('priority-granted: by what the kernel shows, also of a program with an odd name; before Asterisk', async () => {
  const root = join(folder, 'priority');
  const { pid } = goodSnapshot.agent;
  const shown = (of: number, name: string, realTime: number): void => {
    mkdirSync(join(root, 'proc', String(of)), { recursive: true });
    const before = Array.from({ length: 36 }, () => '0').join(' ');
    writeFileSync(
      join(root, 'proc', String(of), 'stat'),
      `${of} (${name}) S ${before} ${realTime} ${realTime > 0 ? 2 : 0} 0 0\n`,
    );
  };
  assert.equal(scheduledOf('12 (x) S 1'), null);
  shown(pid, 'node) a (b)', 11);
  assert.equal(await say('priority-granted', { root }), 'pass: real time 11');
  shown(9001, 'asterisk', 10);
  assert.equal(await say('priority-granted', { root }), 'pass: real time 11');
  shown(9001, 'asterisk', 20);
  assert.equal(await say('priority-granted', { root }), 'fail: Asterisk (real time 20) comes before the agent (11)');
  shown(pid, 'node', 0);
  assert.equal(await say('priority-granted', { root }), 'fail: the agent runs like any other program');
  assert.match(await say('priority-granted', { root: folder }), /^unknown/);
  // This very process, by the real kernel: it runs as any other.
  assert.match(await say('priority-granted'), /^(pass|fail)/);
  assert.equal(scheduledOf(readFileSync('/proc/self/stat', 'utf8'))?.realTime, 0);
});

test('agent-punctual: late by most of a lease', async () => {
  assert.match(await say('agent-punctual'), /^pass: late by 2 ms/);
  const agent = { ...goodSnapshot.agent, worstLagMs: 400 };
  assert.match(
    await say('agent-punctual', { snapshot: { agent } }),
    /^fail: late by 400 ms at most .* the lease is 560 ms$/,
  );
});

test('xivo: its own high availability, plugins on the standby, the wizard', async () => {
  const root = join(folder, 'xivo');
  mkdirSync(join(root, 'etc', 'xivo'), { recursive: true });
  const more = 'profile: xivo\nprobes: { ami: null }\n';
  const xivo = { config: configWith(more, 'standby'), root };
  assert.match(await say('xivo-own-ha-off'), /^not-applicable/);
  assert.match(await say('xivo-own-ha-off', xivo), /^pass: it was never set up/);
  const write = (text: string) => writeFileSync(join(root, 'etc', 'xivo', 'ha.conf'), text);
  write('{"node_type": "disabled", "remote_address": ""}');
  assert.match(await say('xivo-own-ha-off', xivo), /^pass/);
  write('{"node_type": "slave", "remote_address": "10.0.0.1"}');
  assert.equal(await say('xivo-own-ha-off', xivo), 'fail: /etc/xivo/ha.conf says node_type slave');
  write('odd');
  assert.match(await say('xivo-own-ha-off', xivo), /^unknown/);

  assert.match(await say('xivo-standby-without-plugins', xivo), /^pass/);
  mkdirSync(join(root, 'var/lib/xivo-provd/plugins/xivo-aastra'), { recursive: true });
  assert.equal(await say('xivo-standby-without-plugins', xivo), 'fail: 1 installed: xivo-aastra');
  assert.match(await say('xivo-standby-without-plugins', { config: configWith(more), root }), /^not-applicable/);

  const voice = async () =>
    say('xivo-voice-address', { ...xivo, running: [{ name: 'eth1:1', cidrs: ['127.0.0.2/8'] }] });
  assert.match(await voice(), /^not-applicable/);
  const listed = (names: string) =>
    writeFileSync(join(root, 'etc/xivo/common.conf'), `XIVO_NET4_IP="x"\nXIVO_VOIP_IFACES="${names}"\n`);
  listed('eth0');
  assert.match(await voice(), /^fail: \S+ is on eth1:1, and voice is on eth0$/);
  listed('eth0 eth1');
  assert.match(await voice(), /^pass/);
  listed('');
  assert.match(await voice(), /^not-applicable/);

  const versions = async (system: string | null) => say('xivo-versions-agree', { ...xivo, facts: { system } });
  assert.match(await say('xivo-versions-agree'), /^not-applicable/);
  assert.match(await versions('2025.10.01'), /^unknown: this server does not tell/);
  mkdirSync(join(root, 'usr/share/xivo'), { recursive: true });
  writeFileSync(join(root, 'usr/share/xivo/XIVO-VERSION'), '2025.10.01\n');
  assert.equal(await versions('2025.10.01'), 'pass: both run 2025.10.01');
  assert.equal(await versions('2025.05.03'), 'fail: 2025.10.01 here, 2025.05.03 there');
  assert.match(await versions(null), /^unknown: the other node/);
  assert.match(await say('xivo-versions-agree', { ...xivo, facts: null }), /^unknown/);

  assert.match(await say('xivo-wizard-passed', xivo), /^unknown/);
  mkdirSync(join(root, 'var/lib/xivo'), { recursive: true });
  writeFileSync(join(root, 'var/lib/xivo/configured'), '');
  assert.match(await say('xivo-wizard-passed', xivo), /^pass/);
});

test('gate-there: a listing that fails while the agent changes the tables is no alarm; tables that stay away are', async () => {
  const config = configWith('');
  const slots = Array.from({ length: config.timing.slots }, (_, slot) => ({
    set: { family: 'inet', name: `slot${slot}` },
  }));
  /** The first so many listings fail. */
  const nft = (failing: number) => {
    let left = failing;
    return fakeRun((argv) => {
      if (argv[0] !== 'nft') return null;
      if (left > 0) {
        left -= 1;
        return { exit: 1, err: 'Error: cache initialization failed: Interrupted system call' };
      }
      const family = argv.at(-2);
      return {
        out: JSON.stringify({
          nftables: [{ table: { family, name: 'dualtone' } }, ...(family === 'inet' ? slots : [])],
        }),
      };
    });
  };
  assert.match(await say('gate-there', { config, run: nft(0) }), /^pass: \d+ slots/);
  assert.match(await say('gate-there', { config, run: nft(4) }), /^pass: \d+ slots/);
  assert.match(await say('gate-there', { config, run: nft(99) }), /^fail: no table dualtone in inet/);
});
