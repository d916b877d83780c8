/** Two nodes and a real BIND: names follow service to and fro, are mended, and what fails is noted with what to type. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/free-port.ts';
import type { Role } from '../core/words.ts';
import { dig, keyText, startServer, ZONE } from '../switches/dns/testing/servers.ts';
import { dnsOf, dnsSwitch } from './dns-switch.ts';
import { createFollower, type Follower } from './follower.ts';

const LOOK_MS = 60_000;

/** A node's follower; its looks come when the test says so, and what it does is awaited as it is told. */
const nodeOf = (t: TestContext, role: Role, port: number, keyFile: string) => {
  const told = new EventEmitter();
  const epochs: number[] = [];
  const side = (name: string) => [`${name}.${ZONE}`];
  const dns = dnsOf({
    server: { address: '127.0.0.1', port },
    others: [],
    zone: ZONE,
    keyFile,
    epochName: null,
    records: [{ name: `sip.${ZONE}`, type: 'CNAME', ttlMs: 30_000, main: side('pbx1'), standby: side('pbx2') }],
    timeoutMs: 2000,
    settleMs: 2000,
  });
  const follower: Follower = createFollower(dnsSwitch(dns, role, LOOK_MS), {
    memory: { read: () => epochs.at(-1) ?? 0, write: (_name, epoch) => void epochs.push(epoch) },
    retryMs: 10,
    retryMostMs: 10,
    wall: Date.now,
    note: ({ outcome, code }) => told.emit(`${outcome} ${code}`),
    changed: () => undefined,
    wait: async (ms, signal) => {
      if (ms < LOOK_MS) return sleep(ms, undefined, { signal }).catch(() => undefined);
      const looks = once(told, 'look now', { signal }).catch(() => undefined);
      told.emit('waits for its look');
      await looks;
    },
  });
  t.after(() => follower.stop());
  return { follower, noted: (what: string) => once(told, what), lookNow: () => told.emit('look now') };
};

test('names follow service between two nodes', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync('/dev/shm/dualtone-dns-switch-');
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const server = await startServer('bind', { folder, port, zone: 'sip IN CNAME pbx1', primary: null, secondary: null });
  t.after(server.stop);
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, keyText('dualtone', 'd3JvbmctYnV0LXdlbGwtZm9ybWVk'), { mode: 0o600 });
  const told = (): string => dig(port, `sip.${ZONE}`, 'CNAME').join();
  const main = nodeOf(t, 'main', port, keyFile);
  const standby = nodeOf(t, 'standby', port, keyFile);

  const failed = standby.noted('failed dns-key-wrong');
  standby.follower.follow({ active: true, epoch: 3, others: 2 });
  await failed;
  const { trouble, remedy } = standby.follower.view();
  assert.match(trouble ?? '', /another secret/);
  assert.match(remedy ?? '', /By hand: printf .*pbx2\.example\.org.* \| nsupdate -v -k '.*key'$/);
  const moved = standby.noted('waits for its look');
  writeFileSync(keyFile, keyText('dualtone'));
  await moved;
  assert.equal(told(), `pbx2.${ZONE}.`);

  const byOthers = `server 127.0.0.1 ${port}\nzone ${ZONE}\nupdate delete sip.${ZONE} CNAME\nupdate add sip.${ZONE} 30 CNAME pbx1.${ZONE}\nsend\n`;
  execFileSync('nsupdate', ['-v', '-k', keyFile], { input: byOthers });
  const mended = standby.noted('mended switch-mended');
  standby.lookNow();
  await mended;
  assert.equal(told(), `pbx2.${ZONE}.`);

  const older = main.noted('failed dns-newer-epoch');
  main.follower.follow({ active: true, epoch: 2, others: 0 });
  await older;
  main.follower.follow({ active: false, epoch: 0, others: 3 });
  standby.follower.follow({ active: false, epoch: 0, others: 4 });
  const back = main.noted('done switch-done');
  main.follower.follow({ active: true, epoch: 4, others: 3 });
  await back;
  assert.equal(told(), `pbx1.${ZONE}.`);
});
