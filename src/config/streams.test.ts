import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const text = (streams: string): string => `${BASE}streams: { ${streams} }\n`;

/** Problems as `path: message`; each has its line and a next step. */
const bad = (streams: string): string => {
  const parsed = parseConfig(text(streams));
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line === 3));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};

const notes = (streams: string): readonly string[] => {
  const parsed = parseConfig(text(streams));
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  return parsed.notes;
};

const files = (directories: string, more = ''): string =>
  `files: { enabled: true, directories: [${directories}]${more} }`;

test('a directory that would carry what is each node’s own is refused', () => {
  for (const [path, own] of [
    ['/', '/etc/dualtone'],
    ['/etc', '/etc/dualtone'],
    ['/etc/dualtone/', '/etc/dualtone'],
    ['/var', '/var/lib/dualtone'],
    ['/var/lib/dualtone/journal', '/var/lib/dualtone'],
    ['/run/asterisk', '/run'],
    ['/proc', '/proc'],
  ])
    assert.match(bad(files(`/etc/asterisk, ${path}`)), new RegExp(`directories\\[1\\]: ${path} would carry ${own} to`));
  assert.match(bad('collected: [/var/lib]'), /^streams\.collected\[0\]: /);
  assert.match(bad('voicemail: { enabled: true, directory: /var }'), /^streams\.voicemail\.directory: /);
  assert.match(bad(`${files('/var/lib/mysql')}, mysql: { enabled: true }`), /the data of MySQL/);
  assert.match(bad(`${files('/var/lib/postgresql')}, database: { mode: snapshot }`), /the data of PostgreSQL/);
  assert.deepEqual(notes(files('/etc/asterisk, /var/lib/asterisk, /var/lib/mysql-files')), []);
});

test('what a node keeps lies below what is collected', () => {
  const kept = (path: string): string => `collected: [/etc/asterisk/], keep-paths: [/etc/asterisk/keys/, ${path}]`;
  assert.deepEqual(notes(kept('/etc/asterisk/pjsip.transports.conf')), []);
  for (const path of ['/etc/asterisk', '/etc/asterisk2/keys', '/var/lib/asterisk/keys'])
    assert.match(bad(kept(path)), new RegExp(`^streams\\.keep-paths\\[1\\]: ${path} does not lie below`));
});

test('what would follow by two streams at once is named', () => {
  const both = (exclude: string): readonly string[] =>
    notes(
      `${files('/var/spool/asterisk', `, exclude: [${exclude}]`)}, voicemail: { enabled: true }, collected: [/var/spool/asterisk/monitor]`,
    );
  assert.equal(both('').length, 2);
  assert.match(both('/monitor')[0] ?? '', /voicemail follows twice, by streams\.voicemail .*\(\/voicemail\)$/);
  for (const exclude of ['/voicemail, /monitor', 'voicemail/, monitor', '/voicemail/**, /monitor/'])
    assert.deepEqual(both(exclude), [], exclude);
});

test('databases of the server itself, and tables of none that follows, are refused', () => {
  const mysql = (more: string): string => `mysql: { enabled: true, ${more} }`;
  assert.match(
    bad(mysql('databases: [asterisk, mysql]')),
    /^streams\.mysql\.databases\[1\]: mysql is the server's own/,
  );
  assert.match(bad(mysql('databases: [Information_Schema]')), /the server's own/);
  assert.match(bad(mysql('databases: [asterisk, asterisk]')), /databases\[1\]: asterisk is given twice/);
  assert.match(bad(mysql('exclude: [asteriskcdrdb.cel]')), /exclude\[0\]: asteriskcdrdb\.cel is of no database/);
  assert.deepEqual(notes(mysql('databases: [asterisk, asteriskcdrdb], exclude: [asteriskcdrdb.cel]')), []);
  assert.deepEqual(notes('mysql: { databases: [mysql] }'), []);
});
