/** Against Debian's own etcd: three members, TLS, users; members lost and stopped, no quorum, full, compacted, put back, certificates that ended. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Result } from '../core/result.ts';
import { clientOf, type EtcdFiles } from './configured.ts';
import { makeCertificate } from './testing/certificates.ts';
import { type Cluster, PREFIX, startCluster } from './testing/cluster.ts';

const KEY = `${PREFIX}/right`;
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

const holding = (result: Result<{ readonly key: { readonly revision: number; readonly value: string | null } }>) => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value.key;
};

describe('the real etcd', { timeout: 60_000 }, () => {
  let cluster: Cluster;
  const client = (change: Partial<EtcdFiles> = {}, timeoutMs = 3000) =>
    clientOf({ ...cluster.files, ...change }, timeoutMs);
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster?.stop());

  test('compare and swap: of two that saw the same only one puts, and the other is shown what stands there', async () => {
    const [one, other] = [client(), client({ endpoints: cluster.endpoints.toReversed() })];
    const first = await one.read(KEY);
    assert.ok(first.ok && first.value.cluster === cluster.id);
    assert.deepEqual(first.value.key, { revision: 0, value: null });
    const puts = await Promise.all([one.put(KEY, 'one', 0), other.put(KEY, 'ôther', 0)]);
    const [won, lost] = puts.toSorted((a, b) => Number(b.ok && b.value.isPut) - Number(a.ok && a.value.isPut));
    assert.ok(won?.ok && lost?.ok && won.value.isPut && !lost.value.isPut);
    assert.deepEqual(lost.value.key, won.value.key);
    const again = await other.put(KEY, 'third', won.value.key.revision);
    assert.ok(again.ok && again.value.isPut);
    assert.deepEqual((await one.read(KEY)).ok && holding(await one.read(KEY)).value, 'third');
    one.close();
    other.close();
  });

  test('who may not, and whom it cannot trust', async () => {
    const wrong = join(cluster.folder, 'wrong');
    writeFileSync(wrong, 'wrong\n', { mode: 0o600 });
    makeCertificate(cluster.folder, 'ended', -1);
    const ended = { certificateFile: join(cluster.folder, 'ended.pem'), keyFile: join(cluster.folder, 'ended.key') };
    const open = join(cluster.folder, 'open');
    writeFileSync(open, 'secret\n');
    chmodSync(open, 0o644);
    const asked = [
      client().read('/dualtone/other/right'),
      client({ passwordFile: wrong }).read(KEY),
      client({ authorityFile: '/etc/ssl/certs/ca-certificates.crt' }).read(KEY),
      client(ended).read(KEY),
      client({ certificateFile: null, keyFile: null }).read(KEY),
      client({ passwordFile: open }).read(KEY),
      client({ endpoints: ['https://127.0.0.1:9'] }).read(KEY),
    ];
    assert.deepEqual((await Promise.all(asked)).map(codeOf), [
      'etcd-denied',
      'etcd-denied',
      'etcd-tls',
      'etcd-tls',
      'etcd-tls',
      'secret-exposed',
      'etcd-unreachable',
    ]);
  });

  test('compacted and defragmented while it is used, and its tokens forgotten: nothing is missed', async () => {
    const one = client();
    let { revision } = holding(await one.read(KEY));
    await cluster.etcdctl('compact', String(revision));
    for (let n = 0; n < 5; n += 1) {
      const put = await one.put(KEY, `n${n}`, revision);
      assert.ok(put.ok && put.value.isPut);
      ({ revision } = put.value.key);
    }
    await cluster.etcdctl('role', 'grant-permission', 'office', 'read', '/elsewhere');
    assert.equal(holding(await one.read(KEY)).value, 'n4');
    one.close();
  });

  test('the member that leads is killed, another stands still: another serves, in bounded time', async () => {
    const leader = await cluster.leader();
    const one = client({ endpoints: [leader, ...cluster.endpoints.filter((each) => each !== leader)] });
    const { revision } = holding(await one.read(KEY));
    await cluster.kill(leader);
    let put = await one.put(KEY, 'after', revision);
    while (!put.ok) put = await one.put(KEY, 'after', revision);
    assert.equal(holding(await one.read(KEY)).value, 'after');
    const second = await cluster.leader();
    cluster.signal(second, 'SIGSTOP');
    const began = performance.now();
    const none = await client({}, 400).put(KEY, 'nobody', revision);
    assert.ok(!none.ok, 'one of three is no majority');
    assert.ok(performance.now() - began < 5000);
    cluster.signal(second, 'SIGCONT');
    await cluster.start(leader);
    assert.notEqual(holding(await one.read(KEY)).value, null);
    one.close();
  });

  test('put back to an old backup: the revision goes back, and the number of the cluster stays', async () => {
    const one = client();
    const old = holding(await one.read(KEY));
    const snapshot = join(cluster.folder, 'backup.db');
    await cluster.backup(snapshot);
    const put = await one.put(KEY, 'newer', old.revision);
    assert.ok(put.ok && put.value.isPut);
    await cluster.restore(snapshot);
    // Until the new members have a leader.
    let told = await one.read(KEY);
    while (!told.ok) told = await one.read(KEY);
    assert.deepEqual(told.value.key, old);
    assert.equal(told.value.cluster, cluster.id);
    one.close();
  });
});
