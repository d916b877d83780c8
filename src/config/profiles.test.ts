import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wazoStreams, xivoStreams } from '../profiles/xivo/streams.ts';
import { parseConfig } from './parse.ts';
import { planOf } from './settings.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';

const parsed = (more: string) => {
  const result = parseConfig(`${BASE}${more}`);
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.problems));
  return result.config;
};

test('a profile brings its rules, and switches nothing on', () => {
  for (const [profile, rules] of [
    ['xivo', xivoStreams],
    ['wazo', wazoStreams],
  ] as const) {
    const { streams, services } = parsed(`profile: ${profile}`);
    assert.deepEqual(streams.database.exclude, rules.database.exclude);
    assert.deepEqual(streams.files.directories, rules.files.directories);
    assert.equal(streams.database.events.length, rules.database.events.length);
    assert.equal(streams.database.reload.length, rules.database.reload.length);
    assert.deepEqual([streams.database.mode, streams.files.enabled, streams.collected], ['off', false, []]);
    assert.ok(services.some((service) => 'unit' in service && service.unit.startsWith(profile)));
  }
  assert.deepEqual(
    parsed('profile: xivo\nstreams: { files: { enabled: true } }').streams.collected,
    xivoStreams.collected,
  );
});

test('the file overrides a list of the profile, or extends it', () => {
  const own = parsed('profile: xivo\nstreams: { database: { exclude: [mine], mode: snapshot } }');
  assert.deepEqual([own.streams.database.exclude, own.streams.database.mode], [['mine'], 'snapshot']);
  assert.equal(own.streams.database.events.length, xivoStreams.database.events.length);
  const both = parsed(
    'profile: xivo\nstreams: { database: { exclude: [mine, +profile, other], events: [+profile, { table: t, time: at }] }, collected: [/srv/a, +profile] }',
  );
  const { exclude, events } = both.streams.database;
  assert.deepEqual(exclude.toSorted(), ['mine', 'other', ...xivoStreams.database.exclude].toSorted());
  assert.deepEqual([exclude[0], exclude[2], events[1]?.table], ['mine', 'other', 't']);
  assert.equal(events.length, xivoStreams.database.events.length + 1);
  assert.deepEqual(both.streams.collected.toSorted(), ['/srv/a', ...xivoStreams.collected].toSorted());
  assert.deepEqual(parsed('streams: { database: { exclude: [+profile, mine] } }').streams.database.exclude, ['mine']);
});

test('a mistake beside the profile’s entries is told with its own line', () => {
  const result = parseConfig(`${BASE}profile: xivo\nstreams:\n  collected:\n    - +profile\n    - not/absolute\n`);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ line, path }) => [line, path]),
    [[7, 'streams.collected[1]']],
  );
});

test('the REST interface is this node’s own: a port, and no host', () => {
  const { ari } = parsed('streams: { astdb: { ari: {} } }\nprobes: { ami: {} }').streams.astdb;
  assert.deepEqual(ari, { port: 8088, prefix: '', user: 'dualtone', secretFile: '/etc/dualtone/ari.secret' });
  assert.ok(!parseConfig(`${BASE}probes: { ami: {} }\nstreams: { astdb: { ari: { host: 10.0.0.9 } } }`).ok);
});

test('a XiVO’s plan: Asterisk and the address first, then the group, DHCP with its preparation, monit last', () => {
  for (const profile of ['xivo', 'wazo'] as const) {
    const ids = (more: string): readonly string[] =>
      planOf(parsed(`profile: ${profile}\nvirtual-ip: { addresses: [10.0.0.9/24], interface: eth0 }\n${more}`)).map(
        ({ id }) => id.replace('service:', '').replace('.service', ''),
      );
    const warm = ids('');
    assert.deepEqual(warm.slice(0, 2), ['virtual-ip', 'asterisk']);
    assert.deepEqual(warm.slice(-2), ['isc-dhcp-server', 'monit']);
    assert.deepEqual(ids('telephony: cold').slice(0, 2), ['asterisk', 'virtual-ip']);
    const { services } = parsed(`profile: ${profile}`);
    const preparing = (unit: string): readonly string[] =>
      services.flatMap((service) =>
        'unit' in service && service.unit === unit ? service.prepare.map(({ run }) => run.join(' ')) : [],
      );
    assert.equal(preparing('asterisk.service')[0], `/bin/rm -f /var/lib/${profile}/disabled`);
    assert.deepEqual(preparing('isc-dhcp-server.service'), [
      '/usr/bin/env xivo-create-config',
      '/usr/bin/env xivo-update-config',
      '/usr/bin/env dhcpd-update -r',
    ]);
    assert.deepEqual(preparing('monit.service'), []);
    // Up to 70 s: beside the plan, so that it delays neither monit nor a way back.
    const [agents, ...others] = parsed(`profile: ${profile}`).switches.programs;
    assert.deepEqual([agents?.name, agents?.run.at(-1), others], ['agents', 'relog all --timeout 60', []]);
    const whenByUnit = new Map(services.map((service) => ['unit' in service ? service.unit : '', service.when]));
    assert.equal(whenByUnit.get('asterisk.service'), 'telephony');
    assert.equal(whenByUnit.get('monit.service'), 'active');
  }
});

test('a preparation that may eat the whole time of its service is refused where it stands', () => {
  const result = parseConfig(
    `${BASE}services:\n  - { unit: a.service }\n  - { unit: b.service, timeout: 9s, prepare: [{ run: [/bin/a] }, { run: [/bin/b], timeout: 4s }] }\n`,
  );
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map(({ line, path, message }) => [line, path, message]),
    [[5, 'services[1].timeout', 'its preparation alone may take 9s of 9s']],
  );
});
