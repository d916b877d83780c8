import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterNumber, putBody, readHealth, readPut, readRange, readToken } from './wire.ts';

const header = { cluster_id: '14841639068965178418', member_id: '10276657743932975437', revision: '7', raft_term: '2' };
const kv = { key: 'L2E=', create_revision: '2', mod_revision: '5', version: '3', value: 'w7RuZQ==' };

test('what etcd leaves out is false, 0 or nothing', () => {
  assert.deepEqual(readRange({ header }), {
    ok: true,
    value: { cluster: header.cluster_id, isPut: false, key: { revision: 0, value: null } },
  });
  const told = readRange({ header, kvs: [kv], count: '1' });
  assert.deepEqual(told.ok && told.value.key, { revision: 5, value: 'ône' });
});
test('a put that was carried out has the revision of its header; one that was not shows what stands there', () => {
  const done = readPut({ header, succeeded: true, responses: [{ response_put: { header: { revision: '7' } } }] }, 'x');
  assert.deepEqual(done.ok && done.value, {
    cluster: header.cluster_id,
    isPut: true,
    key: { revision: 7, value: 'x' },
  });
  const not = readPut({ header, responses: [{ response_range: { header: {}, kvs: [kv], count: '1' } }] }, 'x');
  assert.deepEqual(not.ok && not.value.key, { revision: 5, value: 'ône' });
  assert.equal(not.ok && not.value.isPut, false);
});
test('torn and odd answers are refused', () => {
  const torn: unknown[] = [
    null,
    [],
    {},
    { header: {} },
    { header: { cluster_id: 7 } },
    { header, kvs: [kv, kv] },
    { header, kvs: [{ ...kv, mod_revision: '99999999999999999999' }] },
    { header, kvs: [{ ...kv, mod_revision: -1 }] },
    { header, kvs: 'x' },
  ];
  for (const each of torn) assert.ok(!readRange(each).ok, JSON.stringify(each));
  for (const each of [
    { header, succeeded: true },
    { header, succeeded: true, responses: [{}] },
    { header, succeeded: 'yes', responses: [{ response_put: {} }] },
    { header: { cluster_id: '7' }, succeeded: true, responses: [{ response_put: {} }] },
    { header, responses: [] },
  ])
    assert.ok(!readPut(each, 'x').ok, JSON.stringify(each));
  assert.ok(!readToken({ token: 'a\r\nb' }).ok);
  assert.ok(readToken({ token: 'abc.7' }).ok);
});
test('what a member tells of itself', () => {
  const told = readHealth({
    header,
    version: '3.4.23',
    dbSize: '20480',
    leader: header.member_id,
    errors: ['NOSPACE'],
  });
  assert.deepEqual(told.ok && told.value, {
    cluster: header.cluster_id,
    version: '3.4.23',
    hasLeader: true,
    leads: true,
    sizeBytes: 20480,
    errors: ['NOSPACE'],
  });
  const lost = readHealth({ header, version: '3.4.23', errors: ['etcdserver: no leader'] });
  assert.equal(lost.ok && lost.value.hasLeader, false);
});
test('the number of a cluster, however it is written', () => {
  assert.equal(clusterNumber('cdf818194e3a8c32'), '14841639068965178418');
  assert.equal(clusterNumber('14841639068965178418'), '14841639068965178418');
});
test('a put compares with the revision that was seen', () => {
  assert.match(JSON.stringify(putBody('/a', 'x', 5)), /"target":"MOD","result":"EQUAL","mod_revision":"5"/);
});
