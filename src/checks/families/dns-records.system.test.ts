/** Against a real BIND: what the zone itself says of the names that are moved, and that this node could move them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../../test/free-port.ts';
import { keyText, startServer, ZONE } from '../../switches/dns/testing/servers.ts';
import { configWith, find, told } from '../testing/around.ts';
import { dnsRecordChecks } from './dns-records.ts';
import { switchChecks } from './switches.ts';

const LINES = 'sip IN CNAME pbx1\nlong 3600 IN A 192.0.2.1\nshort IN A 192.0.2.1';

test('dns-records-short and switches-could-move, by the server that has the zone', { timeout: 20_000 }, async (t) => {
  const folder = mkdtempSync('/dev/shm/dualtone-dns-check-');
  const port = await freePort();
  const server = await startServer('bind', { folder, port, zone: LINES, primary: null, secondary: null });
  t.after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, keyText('dualtone'), { mode: 0o600 });
  const config = (...records: readonly string[]) =>
    configWith(
      `switches: { dns: { server: { address: 127.0.0.1, port: ${port} }, zone: ${ZONE}, key-file: ${keyFile}, records: [${records.join(', ')}] } }\n`,
      'standby',
    );
  const record = (name: string, type: string, main: string, standby: string): string =>
    `{ name: ${name}.${ZONE}, type: ${type}, main: [${main}], standby: [${standby}] }`;
  const sip = record('sip', 'CNAME', `pbx1.${ZONE}`, `pbx2.${ZONE}`);
  const ttl = async (...records: readonly string[]): Promise<string> =>
    told(await find(dnsRecordChecks, 'dns-records-short', { config: config(...records) }));
  assert.match(told(await find(dnsRecordChecks, 'dns-records-short')), /^not-applicable/);
  assert.equal(await ttl(sip, record('short', 'A', '192.0.2.1', '192.0.2.2')), 'pass: 2 records, 1 servers');
  assert.match(
    await ttl(record('long', 'A', '192.0.2.1', '192.0.2.2')),
    /^fail: long\.example\.org A may be kept for 3600 s/,
  );
  assert.match(await ttl(record('none', 'A', '192.0.2.1', '192.0.2.2')), /^fail: .* tells no none\.example\.org A/);
  const moves = async (): Promise<string> =>
    told(await find(switchChecks, 'switches-could-move', { config: config(sip) }));
  assert.equal(await moves(), `pass: dns would change sip.${ZONE}. CNAME from pbx1.${ZONE}. to pbx2.${ZONE}.`);
  writeFileSync(keyFile, keyText('dualtone', 'd3JvbmctYnV0LXdlbGwtZm9ybWVk'));
  assert.match(await moves(), /^fail: dns: The name server .* has another secret/);
});
