import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../../lab/lab.ts';
import { clusterSections, corosyncConf, movingResource, type ResourcePlan } from './corosync.ts';
import { sharesOf } from './cost.ts';

const addresses: Readonly<Record<string, string>> = {
  main: '10.1.2.11',
  standby: '10.1.2.12',
  checkpoint1: '10.1.2.21',
};
const host: Lab['host'] = (name) => ({ address: { v4: addresses[name] } }) as ReturnType<Lab['host']>;

const cold: ResourcePlan = {
  isWarm: false,
  monitor: { intervalS: 20, timeoutS: 30 },
  stopS: 20,
  movesAtOnce: false,
};
const warm: ResourcePlan = { isWarm: true, monitor: { intervalS: 1, timeoutS: 2 }, stopS: 7, movesAtOnce: true };

test('a cluster knows both nodes by name, and the device on the third machine', () => {
  const plain = corosyncConf({ host }, {});
  assert.match(
    plain,
    /nodelist \{\n {2}node \{\n {4}ring0_addr: 10\.1\.2\.11\n {4}name: main\n {4}nodeid: 1\n {2}\}\n/,
  );
  assert.match(plain, /net \{\n {6}host: 10\.1\.2\.21\n {6}algorithm: ffsplit\n/);
  assert.ok(!plain.includes('token:') && !plain.includes('timeout:'));
  const tuned = corosyncConf({ host }, { tokenMs: 500, device: { timeoutMs: 1250, syncTimeoutMs: 2500 } });
  assert.match(tuned, / {2}token: 500\n/);
  assert.match(tuned, / {4}timeout: 1250\n {4}sync_timeout: 2500\n/);
  // As many blocks are closed as are opened.
  assert.equal(tuned.split('{').length, tuned.split('}').length);
});

test('cold, address and Asterisk move as a group; warm, the address moves to where an Asterisk runs', () => {
  const textOf = (plan: ResourcePlan): string =>
    clusterSections('10.1.2.10', plan)
      .map(({ xml }) => xml)
      .join('');
  assert.equal(movingResource(cold), 'telephony');
  assert.match(textOf(cold), /<group id="telephony"><primitive id="address".*<primitive id="asterisk".*<\/group>/);
  assert.ok(!textOf(cold).includes('migration-threshold'));
  assert.equal(movingResource(warm), 'address');
  assert.match(textOf(warm), /<clone .*<\/clone><primitive id="address"/);
  assert.match(textOf(warm), /rsc="address" with-rsc="asterisk-clone" score="INFINITY"/);
  for (const plan of [cold, warm]) {
    const ids = [...textOf(plan).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, 'each id is there once');
  }
});

test('what processes share counts once', () => {
  const rollup = 'Rss:   5000 kB\nPss:   3000 kB\nPrivate_Clean:   500 kB\nPrivate_Dirty:  1500 kB\n';
  assert.deepEqual(sharesOf(rollup), { ownKib: 2000, sharedKib: 3000 });
  assert.deepEqual(sharesOf(''), { ownKib: 0, sharedKib: 0 });
});
