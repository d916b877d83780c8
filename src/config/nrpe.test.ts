import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse.ts';
import { toSettings } from './settings.ts';

const BASE = 'node: { role: main, name: a, address: 10.0.0.1 }\npeer: { name: b, address: 10.0.0.2 }\n';
const one = (name: string, address: string, more = ''): string =>
  `{ kind: nrpe, name: ${name}, address: ${address}, nrpe: { command: check_main${more} } }`;
const THREE = [one('c1', '192.0.2.1'), one('c2', '192.0.2.2'), one('c3', '192.0.2.3')].join(', ');
const text = (checkpoints: string, more = '', head = 'preset: remsys\n'): string =>
  `${BASE}${head}arbiter: { kind: checkpoints, checkpoints: [${checkpoints}]${more} }\n`;

const good = (file: string) => {
  const parsed = parseConfig(file);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  return parsed;
};

/** Problems as `path: message`; each has its line and a next step. */
const bad = (file: string): readonly string[] => {
  const parsed = parseConfig(file);
  assert.ok(!parsed.ok, 'accepted');
  assert.ok(parsed.problems.every(({ remedy, line }) => remedy !== '' && line !== null));
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

test('three NRPE checkpoints: all of them by the preset, a majority or a number by the file', () => {
  const { config, notes } = good(text(THREE));
  assert.deepEqual(toSettings(config).watch, { kind: 'looks', badLooks: 5, lookMs: 60_000, need: 3 });
  assert.deepEqual(toSettings(config).arbiter, { kind: 'none' });
  assert.ok(config.arbiter.kind === 'checkpoints');
  assert.deepEqual(config.arbiter.checkpoints[0]?.nrpe, {
    port: 5666,
    command: 'check_main',
    control: null,
    version: 'auto',
    tls: { kind: 'anonymous' },
    timeoutMs: 5000,
  });
  assert.match(notes.join(), /cannot promise/);
  const needOf = (more: string, head?: string) => {
    const { watch } = toSettings(good(text(THREE, more, head)).config);
    return watch.kind === 'looks' ? watch.need : null;
  };
  assert.equal(needOf(', need: majority'), 2);
  assert.equal(needOf('', 'watch: { kind: looks, bad-looks: 4 }\n'), 2);
  assert.equal(needOf(', need: 1'), 1);
  assert.match(good(text(THREE, ', need: 1')).notes.join(), /no majority/);
});

test('what contradicts itself about NRPE is refused where it stands', () => {
  assert.match(bad(text(THREE, ', need: 4'))[0] ?? '', /^arbiter\.need: 4 of 3/);
  assert.match(bad(text(THREE, '', ''))[0] ?? '', /^arbiter\.checkpoints: NRPE checkpoints are asked by looks/);
  assert.match(bad(text(THREE, '', 'preset: classic\n'))[0] ?? '', /^watch\.bad-looks: /);
  assert.match(
    bad(text(`${THREE}, { name: v, address: 192.0.2.9 }`))[0] ?? '',
    /^arbiter\.checkpoints: some checkpoints vote/,
  );
  assert.match(
    bad(text('{ kind: nrpe, name: c, address: 192.0.2.1 }'))[0] ?? '',
    /^arbiter\.checkpoints\[0\]\.kind: nothing says/,
  );
  assert.match(
    bad(text('{ name: c, address: 192.0.2.1, nrpe: { command: x } }')).join(),
    /arbiter\.checkpoints\[0\]\.nrpe: c is not asked by NRPE/,
  );
  assert.match(
    bad(text(one('c', '192.0.2.1', ', timeout: 30s, control: check_gw'))).join(),
    /^arbiter\.checkpoints\[0\]\.nrpe\.timeout: an answer may take 1m/,
  );
  assert.match(bad(text(one('c', '192.0.2.1').replace('check_main', '"check_main!-H x"'))).join(), /nrpe\.command/);
  const halfTls = ', tls: { kind: certificate, authority-file: /a, key-file: /b }';
  assert.match(bad(text(one('c', '192.0.2.1', halfTls))).join(), /nrpe\.tls: a certificate without its key/);
});
