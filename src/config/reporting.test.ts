import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReporting } from './config.ts';
import { parseConfig } from './parse.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';

/** Problems as `path: message`. */
const bad = (reporting: string): readonly string[] => {
  const parsed = parseConfig(`${BASE}reporting: ${reporting}\n`);
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line === 3));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

test('nothing is sent unless a target is given, and then queue log and channel events', () => {
  const without = parseConfig(BASE);
  assert.ok(without.ok && !isReporting(without.config));
  const given = parseConfig(`${BASE}reporting: { postgres: { host: stats.example.org, ca-file: /etc/ca.pem } }\n`);
  assert.ok(given.ok && isReporting(given.config));
  assert.deepEqual(given.config.reporting.tables, [
    { table: 'queue_log', key: 'id', time: 'time', omit: [] },
    { table: 'cel', key: 'id', time: 'eventtime', omit: ['call_log_id'] },
  ]);
});

test('every contradiction has its place', () => {
  assert.deepEqual(bad('{ postgres: { host: s } }'), [
    'reporting.postgres.ca-file: nothing says whose certificate the reporting database may show',
  ]);
  assert.deepEqual(bad('{ postgres: { host: s, tls: none, ca-file: /x } }'), [
    'reporting.postgres.tls: a certificate is given, and tls: none uses none',
  ]);
  assert.deepEqual(bad('{ elasticsearch: { url: "https://e:9200", user: u } }'), [
    'reporting.elasticsearch.user: no password for u',
  ]);
  assert.deepEqual(bad('{ elasticsearch: { url: "http://e:9200", api-key-file: /x } }'), [
    'reporting.elasticsearch.url: the secret would cross the network in the clear',
  ]);
  assert.deepEqual(bad('{ elasticsearch: { url: "https://e/x", user: u, password-file: /x, api-key-file: /y } }'), [
    'reporting.elasticsearch.url: https://e/x has a path',
    'reporting.elasticsearch.api-key-file: a login and an API key are given',
  ]);
  assert.deepEqual(bad('{ tables: [{ table: cel, time: t }, { table: cel, time: t }] }'), [
    'reporting.tables[1].table: cel is given twice',
  ]);
});
