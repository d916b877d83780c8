/** What a REMSYS site can be given that is wrong, and where that is tried: a line here, a test there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const DNS = 'src/switches/dns/dns.system.test.ts';
const NRPE = 'src/nrpe/client.test.ts';
const MYSQL = 'src/replication/mysql/link.system.test.ts';

const rows: readonly (readonly [what: string, file: string, ...says: readonly string[]])[] = [
  ['garbage for an NRPE answer', NRPE, '220 mail.example ESMTP', 'nrpe-malformed'],
  ['a truncated NRPE answer', NRPE, 'answer.subarray(0, 20)', 'nrpe-malformed'],
  ['an oversized NRPE answer', NRPE, 'flood', 'nrpe-malformed'],
  ['an NRPE certificate that a clock refuses', 'src/nrpe/nrpe.system.test.ts', 'nrpe-certificate-dates'],
  ['no takeover on what says nothing', 'src/core/health.test.ts', 'mixed changes no counter, upwards'],
  ['a wrong TSIG key', DNS, 'dns-key-wrong', 'dns-key-unknown'],
  ['a clock an hour off at an update', DNS, '3_600_000', 'dns-clock-off'],
  ['an update that is refused', DNS, 'dns-refused'],
  ['a CNAME beside other data', DNS, 'dns-cname-beside'],
  ['replication of MySQL stopped by a duplicate key', MYSQL, 'mysql-duplicate', 'nothing is overwritten'],
  ['GTIDs that diverged', MYSQL, 'mysql-diverged'],
  ['a log of changes that is gone', MYSQL, 'mysql-logs-purged'],
  ['a wrong password for replication', MYSQL, 'mysql-source-login'],
];

for (const [what, file, ...says] of rows) {
  test(`tried: ${what}`, () => {
    const text = readFileSync(join(import.meta.dirname, '..', file), 'utf8');
    for (const each of says) assert.ok(text.includes(each), `${file} has no ${each}`);
  });
}
