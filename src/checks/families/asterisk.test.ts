import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startFakeManager } from '../../ami/testing/fake-manager.ts';
import { chanSipLimitIn, chanSipTrunksIn, modulesIn, surveyAsterisk, transportsIn } from '../asterisk-survey.ts';
import { configWith, find, goodSurvey, type Planted, temporary, told } from '../testing/around.ts';
import { asteriskChecks } from './asterisk.ts';

const folder = temporary();
after(() => rmSync(folder, { recursive: true, force: true }));
const secretFile = join(folder, 'ami.secret');
writeFileSync(secretFile, 's3cret\n', { mode: 0o600 });

const say = async (id: string, planted: Planted = {}): Promise<string> => told(await find(asteriskChecks, id, planted));

const AMI = `probes: { ami: { secret-file: ${secretFile} } }\n`;
const config = configWith(AMI);
const follows = configWith(`${AMI}streams: { astdb: { enabled: true } }\n`);

test('asterisk-open-files: by what the kernel lets the running one have', async () => {
  const root = temporary();
  after(() => rmSync(root, { recursive: true, force: true }));
  const limits = (soft: string): void => {
    for (const place of ['run/asterisk', 'proc/77']) mkdirSync(join(root, place), { recursive: true });
    writeFileSync(join(root, 'run/asterisk/asterisk.pid'), '77\n');
    writeFileSync(
      join(root, 'proc/77/limits'),
      `Max processes  1  1  processes\nMax open files            ${soft}                 524288               files     \n`,
    );
  };
  const tried = () => say('asterisk-open-files', { config, root });
  assert.match(await tried(), /^unknown/);
  limits('1024');
  assert.match(await tried(), /^fail: 1024 files: with some 256 halves of calls/);
  limits('65536');
  assert.equal(await tried(), 'pass: 65536 files');
  limits('unlimited');
  assert.equal(await tried(), 'pass: without limit');
});

describe('the manager', () => {
  test('a survey of one that answers, and of one that refuses, is stuck, or is not there', async () => {
    const manager = await startFakeManager();
    const at = configWith(`probes: { ami: { secret-file: ${secretFile}, port: ${manager.port} } }\n`);
    const answered = await surveyAsterisk(at);
    // It knows no ListCommands: nothing is allowed then.
    assert.ok(answered.ok);
    assert.deepEqual(answered.value.actions, []);
    writeFileSync(secretFile, 'wrong\n', { mode: 0o600 });
    const refused = await surveyAsterisk(at);
    assert.equal(refused.ok ? '' : refused.error.code, 'ami-login-refused');
    writeFileSync(secretFile, 's3cret\n', { mode: 0o600 });
    await manager.stop();
    const gone = await surveyAsterisk(at);
    assert.equal(gone.ok ? '' : gone.error.code, 'ami-refused');
    const none = await surveyAsterisk(configWith('probes: { ami: null }\n'));
    assert.equal(none.ok ? '' : none.error.code, 'ami-not-configured');
  });

  test('asterisk-manager: what the user may not do is named with its class', async () => {
    assert.match(await say('asterisk-manager', { config: follows }), /^pass: Asterisk 22\.10\.1, 8 actions/);
    const actions = goodSurvey.actions.filter((each) => each !== 'dbput' && each !== 'command');
    assert.equal(
      await say('asterisk-manager', { config: follows, survey: { actions } }),
      'fail: the user may not do dbput (class system), command (class command)',
    );
    // A server without queues needs no right to look at them.
    const noQueues = {
      actions: goodSurvey.actions.filter((each) => each !== 'queuestatus'),
      modules: ['res_pjsip.so'],
    };
    assert.match(await say('asterisk-manager', { config: follows, survey: noQueues }), /^pass/);
    assert.equal(await say('asterisk-manager', { config, survey: null }), 'fail: Asterisk is absent.');
    assert.match(await say('asterisk-manager', { config: configWith('probes: { ami: null }\n') }), /^not-applicable/);
    const cold = configWith(`telephony: cold\n${AMI}`);
    const passive = { config: cold, survey: null, snapshot: { phase: 'passive' } };
    assert.match(await say('asterisk-manager', passive), /^not-applicable: it is cold/);
    assert.match(await say('asterisk-manager', { config: cold, survey: null }), /^fail/);
  });
});

/** Answers every OPTIONS with this status. */
const startSip = async (status: () => string) => {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const lines = bytes.toString().split('\r\n');
    const kept = lines.filter((line) => /^(Via|From|Call-ID|CSeq):/i.test(line));
    const to = `${lines.find((line) => /^To:/i.test(line)) ?? ''};tag=x`;
    socket.send(
      [`SIP/2.0 ${status()}`, ...kept, to, 'Content-Length: 0', '', ''].join('\r\n'),
      from.port,
      from.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, stop: () => socket.close() };
};

test('asterisk-answers-sip and asterisk-knows-probe: a real socket that answers 200, 401, 503, and one that is closed', async () => {
  let status = '200 OK';
  const sip = await startSip(() => status);
  const at = { config: configWith(`probes: { sip: [{ port: ${sip.port} }] }\n`) };
  assert.equal(await say('asterisk-answers-sip', at), `pass: udp 127.0.0.1:${sip.port}: 200`);
  assert.match(await say('asterisk-knows-probe', at), /^pass/);
  status = '401 Unauthorized';
  assert.match(await say('asterisk-answers-sip', at), /^pass/);
  assert.equal(await say('asterisk-knows-probe', at), `fail: udp 127.0.0.1:${sip.port} answers 401`);
  status = '503 Service Unavailable';
  assert.match(await say('asterisk-answers-sip', at), /^fail: .* answers 503 Service Unavailable$/);
  sip.stop();
  assert.match(await say('asterisk-answers-sip', at), /^fail/);
  assert.match(await say('asterisk-answers-sip', { config: configWith('probes: { sip: [] }\n') }), /^not-applicable/);
});

describe('trunks and phones', () => {
  const trunk = { name: 'trunk', expirySeconds: 240, maxInitialDelaySeconds: 0, status: 'Registered' };

  test('trunk-registers-at-once: the default of Asterisk waits up to 10 s', async () => {
    assert.match(await say('trunk-registers-at-once', { config }), /^pass: 1 registrations begin at once/);
    const registrations = [trunk, { ...trunk, name: 'slow', maxInitialDelaySeconds: 10 }];
    assert.equal(
      await say('trunk-registers-at-once', { config, survey: { registrations } }),
      'fail: slow may wait up to 10 s before the first REGISTER',
    );
    assert.match(await say('trunk-registers-at-once', { config, survey: { registrations: [] } }), /^not-applicable/);
    const silent = [{ ...trunk, maxInitialDelaySeconds: null }];
    assert.match(await say('trunk-registers-at-once', { config, survey: { registrations: silent } }), /^unknown/);
    assert.match(await say('trunk-registers-at-once', { config, survey: null }), /^unknown: Asterisk is absent/);
  });

  test('trunks-registered: each by its name, where this node serves', async () => {
    const registrations = [trunk, { ...trunk, name: 'mds2', status: 'Rejected' }];
    const survey = { registrations };
    assert.equal(await say('trunks-registered', { config }), 'pass: 1 are registered');
    assert.equal(await say('trunks-registered', { config, survey }), 'fail: mds2: Rejected');
    assert.match(await say('trunks-registered', { config, survey, snapshot: { server: 'other' } }), /^not-applicable/);
    assert.match(await say('trunks-registered', { config, survey: { registrations: [] } }), /^not-applicable/);
    assert.match(await say('trunks-registered', { config, survey, snapshot: null }), /^unknown/);
  });

  test('chan_sip tells its limits and its trunks', () => {
    const settings = [
      'Global Signalling Settings:',
      '  Reg. min duration       60 secs',
      '  Reg. max duration:      3600 secs',
      '  Reg. default duration:  120 secs',
      '  Sub. max duration:      900 secs',
    ];
    assert.deepEqual(chanSipLimitIn(settings), {
      name: 'chan_sip',
      minimumSeconds: 60,
      maximumSeconds: 3600,
      defaultSeconds: 120,
    });
    assert.equal(chanSipLimitIn(['No such command']), null);
    const registry = [
      'Host                                    dnsmgr Username       Refresh State                Reg.Time                 ',
      'sip.example.org:5060                    N      lycee              105 Registered           Sun, 22 Nov 2026 17:35:47',
      '1 SIP registrations.',
    ];
    assert.deepEqual(chanSipTrunksIn(registry), [
      { name: 'sip.example.org:5060', expirySeconds: 105, maxInitialDelaySeconds: 0, status: 'Registered' },
    ]);
  });

  test('trunk-expiry and phone-expiry count only where no virtual IP moves', async () => {
    const long = {
      registrations: [{ ...trunk, expirySeconds: 3600 }],
      registrars: [{ name: '1001', minimumSeconds: 60, maximumSeconds: 7200, defaultSeconds: 3600 }],
    };
    assert.match(await say('trunk-expiry', { config }), /^pass/);
    assert.match(await say('phone-expiry', { config }), /^pass/);
    assert.equal(await say('trunk-expiry', { config, survey: long }), 'fail: trunk: 3600 s');
    assert.match(
      await say('phone-expiry', { config, survey: long }),
      /^fail: 1001 let a phone believe .* up to 7200 s$/,
    );
    const registrations = [{ ...trunk, expirySeconds: 300 }];
    assert.equal(
      await say('trunk-expiry', { config, survey: { registrations } }),
      'fail: trunk: 300 s',
      'less than 300 s',
    );
    const limits = async (minimumSeconds: number, maximumSeconds: number, defaultSeconds: number) =>
      say('phone-expiry', {
        config,
        survey: { registrars: [{ name: 'chan_sip', minimumSeconds, maximumSeconds, defaultSeconds }] },
      });
    assert.equal(await limits(60, 300, 120), 'pass: 1 registrars expire within 300 s');
    assert.match(
      await limits(180, 300, 240),
      /^pass: .*chan_sip: a phone may not .* each 180 s, .* each 240 s only: it notices/,
    );
    assert.match(await limits(60, 3600, 120), /^fail: chan_sip let a phone believe in a dead node for up to 3600 s$/);
    const moves = configWith(`${AMI}virtual-ip: { addresses: [127.0.0.10/8], interface: lo }\n`);
    for (const id of ['trunk-expiry', 'phone-expiry'])
      assert.match(await say(id, { config: moves, survey: long }), /^not-applicable/);
  });

  test('passive-is-mute: gated, bound to the virtual IP, beside the gate, and loud', async () => {
    assert.match(await say('passive-is-mute', { config }), /^pass: the kernel gate/);
    const beside = [{ name: 'wss', bind: '0.0.0.0:8089' }];
    assert.match(
      await say('passive-is-mute', { config, survey: { transports: beside } }),
      /^fail: wss \(0\.0\.0\.0:8089\) speaks beside/,
    );
    const ungated = configWith(
      `${AMI}gate: { enforce: false }\nvirtual-ip: { addresses: [10.0.0.10/24, 127.0.0.10/8], interface: lo }\n`,
    );
    assert.match(await say('passive-is-mute', { config: ungated }), /^pass: its transports are bound/);
    const loud = [{ name: 'udp', bind: '0.0.0.0:5060' }];
    assert.equal(
      await say('passive-is-mute', { config: ungated, survey: { transports: loud } }),
      'fail: udp is bound to 0.0.0.0:5060, and no gate holds it',
    );
  });
});

test('asterisk-versions-agree and asterisk-modules-agree', async () => {
  assert.match(await say('asterisk-versions-agree', { config }), /^pass: both run 22\.10\.1/);
  const other = { asterisk: { version: '16.28.0', modules: ['app_dial.so', 'chan_sip.so'] } };
  assert.equal(await say('asterisk-versions-agree', { config, facts: other }), 'fail: 22.10.1 here, 16.28.0 there');
  assert.equal(
    await say('asterisk-modules-agree', { config, facts: other }),
    'fail: only here: app_queue.so, res_pjsip.so; only there: chan_sip.so',
  );
  assert.match(await say('asterisk-modules-agree', { config }), /^pass: 3 modules on both/);
  assert.match(await say('asterisk-versions-agree', { config, facts: { asterisk: null } }), /^unknown/);
});

test('the console of Asterisk is read', () => {
  const modules = [
    'Module                         Description                              Use Count  Status      Support Level',
    'app_dial.so                    Dialing Application                      0          Running              core',
    'res_odd.so                     Odd                                      0          Not Running          core',
    '2 modules loaded',
  ];
  assert.deepEqual(modulesIn(modules), ['app_dial.so']);
  const transports = [
    'Transport:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress....................>',
    '==========================================================================================',
    'Transport:  transport-udp             udp      3     96  10.0.0.10:5060',
    'Transport:  transport-tls             tls      0      0  [::]:5061',
  ];
  assert.deepEqual(transportsIn(transports), [
    { name: 'transport-udp', bind: '10.0.0.10:5060' },
    { name: 'transport-tls', bind: '[::]:5061' },
  ]);
});
