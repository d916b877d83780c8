import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';
import { toSettings } from './settings.ts';

const HEAD = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const fencing = (device: string, more = ''): string =>
  `${HEAD}fencing: { ${more}levels: [{ devices: [{ name: bmc, agent: fence_ipmilan, ${device} }] }] }\n`;
const problemsOf = (text: string): readonly string[] => {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
};

test('a device with its secret in a file is taken, and the core is told the longest that it may take', () => {
  const parsed = parseConfig(
    fencing('options: [ip=10.0.0.5, lanplus=1], secrets: [{ option: password, file: /etc/x }], timeout: 10s'),
  );
  assert.ok(parsed.ok);
  assert.deepEqual(toSettings(parsed.config).fencing, {
    timeoutMs: 22_000,
    retryMs: 30_000,
    standbyDelayMs: 20_000,
    unheardMs: 3000,
  });
});

test('an agent that shows its password to local users is told', () => {
  const parsed = parseConfig(fencing('secrets: [{ option: password, file: /etc/x }]'));
  assert.ok(parsed.ok);
  assert.ok(parsed.notes.some((note) => note.includes('ipmitool as an argument')));
});

test('nothing configured is nothing to the core', () => {
  const parsed = parseConfig(HEAD);
  assert.ok(parsed.ok);
  assert.equal(toSettings(parsed.config).fencing, null);
});

for (const [what, text, found] of [
  ['a password in the file', fencing('options: [password=x]'), /password would stand in the configuration/],
  ['an action', fencing('options: [action=off]'), /action is not for the file/],
  ['a parameter that is given twice', fencing('options: [ip=1, ip=2]'), /ip is given twice/],
  ['a program with a path', fencing('').replace('fence_ipmilan', '/bin/sh'), /fence/],
  ['a value of two lines', fencing('options: ["ip=1\\naction=on"]'), /parameter and its value/],
] as const)
  test(`${what} is refused`, () => assert.match(problemsOf(text).join('\n'), found));

test('a password script or file is no password', () => {
  assert.deepEqual(problemsOf(fencing('options: [password_script=/usr/local/bin/x, identity_file=/root/k]')), []);
});
