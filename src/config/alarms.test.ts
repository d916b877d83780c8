import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlarming } from './config.ts';
import { loadConfig, type Machine } from './machine.ts';
import { parseCheckpointConfig, parseConfig } from './parse.ts';
import { printConfig } from './print.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';

/** Problems as `path: message`. */
const bad = (alarms: string): readonly string[] => {
  const parsed = parseConfig(`${BASE}alarms: ${alarms}\n`);
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line === 3));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

const good = (alarms: string) => {
  const parsed = parseConfig(`${BASE}alarms: ${alarms}\n`);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  return parsed.config;
};

const MAIL = 'kind: email, name: m, host: mail.example.org, from: d@example.org, to: [a@example.org]';

test('without channels nobody is told, and no process is begun', () => {
  const parsed = parseConfig(BASE);
  assert.ok(parsed.ok);
  assert.equal(isAlarming(parsed.config), false);
  assert.equal(isAlarming(good(`{ channels: [{ ${MAIL} }] }`)), true);
  assert.equal(isAlarming(good('{ heartbeat: { url: "https://example.org/x" } }')), true);
});

test('a checkpoint has the same section', () => {
  const text = `name: cp1\nlisten: { address: 10.0.0.3 }\nnodes: { main: { address: 10.0.0.1 }, standby: { address: 10.0.0.2 } }\nalarms: { channels: [{ ${MAIL}, user: x }] }\n`;
  const parsed = parseCheckpointConfig(text);
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.problems.map(({ path, message }) => `${path}: ${message}`),
    ['alarms.channels[0].user: no password for x'],
  );
});

test('every contradiction has its place', () => {
  assert.deepEqual(bad(`{ channels: [{ ${MAIL} }, { ${MAIL} }] }`), [
    'alarms.channels[1].name: two channels are called m',
  ]);
  assert.deepEqual(bad(`{ channels: [{ ${MAIL} }], rules: [{ channels: [n] }] }`), [
    'alarms.rules[0].channels[0]: there is no channel n',
  ]);
  assert.deepEqual(bad(`{ channels: [{ ${MAIL}, tls: none, port: 25, user: u, password-file: /etc/x }] }`), [
    'alarms.channels[0].tls: the password of u would cross the network in the clear',
  ]);
  assert.deepEqual(bad(`{ channels: [{ ${MAIL}, port: 465 }] }`), [
    'alarms.channels[0].port: port 465 does not speak starttls',
  ]);
  assert.deepEqual(bad('{ channels: [{ kind: webhook, name: w }] }'), ['alarms.channels[0]: no address is given']);
  assert.deepEqual(bad('{ channels: [{ kind: syslog, name: s, transport: udp }] }'), [
    'alarms.channels[0]: syslog by udp needs an address',
  ]);
  assert.deepEqual(bad('{ heartbeat: { url: "https://a.b/c", url-file: /etc/x } }'), [
    'alarms.heartbeat: the address is given twice',
  ]);
});

test('a secret itself, a header in an address, a shell line and an odd address are refused', () => {
  assert.match(
    bad(`{ channels: [{ ${MAIL}, user: u, password-file: hunter2 }] }`).join(),
    /neither a path nor a credential/,
  );
  assert.doesNotMatch(bad(`{ channels: [{ ${MAIL}, user: u, password-file: hunter2 }] }`).join(), /hunter2/);
  assert.match(
    bad('{ channels: [{ kind: email, name: m, host: h, from: "a@b.c\\r\\nBcc: x@y.z", to: [a@b.c] }] }').join(),
    /is not an e-mail address/,
  );
  assert.match(bad('{ channels: [{ kind: command, name: c, run: ["sms"] }] }').join(), /is not an absolute path/);
  for (const url of ['ftp://a.b/c', 'https://user:pass@a.b/c', 'javascript:alert(1)', 'https://a b/'])
    assert.match(
      bad(`{ channels: [{ kind: webhook, name: w, url: "${url}" }] }`).join(),
      /is not an address of the web/,
    );
});

test('a webhook in the clear, or unsigned, is allowed and told', () => {
  const notes = (more: string): readonly string[] => {
    const parsed = parseConfig(`${BASE}alarms: { channels: [{ kind: webhook, name: w, ${more} }] }\n`);
    assert.ok(parsed.ok);
    return parsed.notes;
  };
  assert.deepEqual(notes('url: "https://a.b/c", key-file: /etc/k'), []);
  assert.deepEqual(notes('url: "http://[::1]:8080/c", key-file: /etc/k'), []);
  assert.deepEqual(notes('url: "http://10.0.0.9/c"'), [
    'alarms: webhook w crosses the network in the clear',
    'alarms: webhook w is not signed: its receiver cannot tell who sends',
  ]);
});

test('the files with secrets are looked at before a start', () => {
  const machine: Machine = {
    file: (path) =>
      path === '/etc/mail' ? { mode: 0o644, uid: 0, regular: true } : { mode: 0o600, uid: 0, regular: true },
    addresses: () => ['10.0.0.1'],
    uid: 0,
  };
  const alarms = `{ channels: [{ ${MAIL}, user: u, password-file: /etc/mail }] }`;
  assert.ok(parseConfig(printConfig(good(alarms))).ok, 'what is printed loads');
  const directory = mkdtempSync(join(tmpdir(), 'dualtone-config-'));
  const file = join(directory, 'dualtone.yaml');
  writeFileSync(file, `${BASE}alarms: ${alarms}\n`);
  const loaded = loadConfig(file, machine);
  rmSync(directory, { recursive: true });
  assert.ok(!loaded.ok);
  assert.deepEqual(
    loaded.problems.map(({ path, message }) => `${path}: ${message}`),
    ['alarms.channels[0].password-file: /etc/mail has mode 0644: others can read or change it'],
  );
});
