/** The checks of Asterisk against a real one: a trunk with the default delay, users with and without rights, limits of phones. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureTree } from '../../lab/tree/tree.ts';
import { surveyAsterisk } from '../../src/checks/asterisk-survey.ts';
import { asteriskChecks } from '../../src/checks/families/asterisk.ts';
import { configWith, find, told } from '../../src/checks/testing/around.ts';
import { startAsterisk, type TestAsterisk } from './asterisk.ts';
import { inNamespace, ip } from './namespace.ts';

const registration = (name: string, more: string): string =>
  `[${name}]\ntype=registration\nserver_uri=sip:127.0.0.1:5099\nclient_uri=sip:${name}@127.0.0.1\n${more}`;

const more = {
  'pjsip.conf': [
    registration('trunk', ''),
    registration('quick', 'max_random_initial_delay=0\nexpiration=120\n'),
    '[201]\ntype=aor\nmax_contacts=1\nmaximum_expiration=240\nminimum_expiration=60\ndefault_expiration=120\n',
  ].join(''),
  'manager.conf': '[reader]\nsecret=only-for-tests\nread=system,reporting\nwrite=reporting\n',
};

inNamespace(import.meta.url, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualtone-survey-'));
  let asterisk: TestAsterisk;
  const configFor = (user: string, streams = '') => {
    const secretFile = join(folder, 'secret');
    writeFileSync(secretFile, asterisk.manager.secret, { mode: 0o600 });
    const ami = `ami: { user: ${user}, port: ${asterisk.manager.port}, secret-file: ${secretFile} }`;
    return configWith(`probes: { ${ami}, sip: [{ port: ${asterisk.sipPort} }] }\n${streams}`);
  };
  before(async () => {
    ip('link', 'set', 'lo', 'up');
    const tree = await ensureTree();
    assert.ok(tree.ok, 'no tree with Asterisk');
    asterisk = await startAsterisk(tree.value.root, 5338, 5360, more);
  });
  after(async () => {
    await asterisk.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('one visit tells version, rights, modules, trunks, limits and transports', async (context) => {
    const surveyed = await surveyAsterisk(configFor('dualtone'));
    assert.ok(surveyed.ok, JSON.stringify(surveyed));
    const { version, actions, modules, registrations, registrars, transports } = surveyed.value;
    context.diagnostic(`measured: Asterisk ${version}, ${actions.length} actions, ${modules.length} modules`);
    assert.match(version, /^\d+\./);
    assert.ok(modules.includes('res_pjsip.so') && modules.length > 50);
    assert.ok(
      registrations.every(({ status }) => status !== null),
      JSON.stringify(registrations),
    );
    const delays = registrations.map(({ name, expirySeconds, maxInitialDelaySeconds }) => [
      name,
      expirySeconds,
      maxInitialDelaySeconds,
    ]);
    assert.deepEqual(
      delays.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ['quick', 120, 0],
        ['trunk', 3600, 10],
      ],
    );
    assert.deepEqual(
      registrars.find(({ name }) => name === '201'),
      {
        name: '201',
        minimumSeconds: 60,
        maximumSeconds: 240,
        defaultSeconds: 120,
      },
    );
    const bind = `127.0.0.1:${asterisk.sipPort}`;
    assert.deepEqual(
      transports.map((each) => each.bind),
      [bind, bind],
    );
  });

  test('the checks find the trunk that waits, the phones that believe too long, and the user without rights', async () => {
    const streams = 'streams: { astdb: { enabled: true } }\n';
    const say = async (id: string, user = 'dualtone'): Promise<string> => {
      const config = configFor(user, streams);
      const survey = await surveyAsterisk(config);
      return told(await find(asteriskChecks, id, { config, survey: survey.ok ? survey.value : null }));
    };
    assert.equal(await say('trunk-registers-at-once'), 'fail: trunk may wait up to 10 s before the first REGISTER');
    assert.equal(await say('trunk-expiry'), 'fail: trunk: 3600 s');
    assert.match(await say('phone-expiry'), /^fail: .*10[0-3].* for up to 7200 s$/);
    assert.match(await say('asterisk-manager'), /^pass: Asterisk /);
    assert.match(await say('asterisk-manager', 'reader'), /^fail: the user may not do .*dbput \(class system\)/);
    assert.match(await say('asterisk-answers-sip'), /^pass: udp 127\.0\.0\.1:\d+: (401|404|200)$/);
    assert.match(await say('passive-is-mute'), /^fail: (udp|tcp) .* speaks beside the gate|^fail: /);
  });
});
