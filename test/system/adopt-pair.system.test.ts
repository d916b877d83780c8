/** `dualtone init --adopt` as a person gives it: two machines, of which one serves, become a pair, and no question stays unanswered. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createFreshHosts, type FreshHost, type FreshHosts, PROGRAM_PATH, withoutRoot } from './fresh-hosts.ts';

const options = { skip: withoutRoot };
const VIRTUAL = '10.98.11.10';
let fresh: FreshHosts | null = null;
before(async () => {
  if (withoutRoot === false) fresh = await createFreshHosts('pbx1', 'pbx2');
});
after(() => fresh?.remove());

const hostsOf = (): readonly [FreshHost, FreshHost] => {
  const [one, other] = fresh?.hosts ?? [];
  if (one === undefined || other === undefined) throw new Error('there are no hosts');
  return [one, other];
};

/** Stands in for Asterisk: answers every datagram, at the virtual IP. */
const ANSWERER = `const s = require('dgram').createSocket('udp4');
s.on('message', (m, from) => s.send(m, from.port, from.address));
s.bind(5060, '${VIRTUAL}', () => console.log('answers'));`;

/** A telephone that asks each 5 ms until it is told to end; says how much was asked and not answered. */
const ASKER = `const s = require('dgram').createSocket('udp4');
let sent = 0; let heard = false; const open = new Set();
s.on('message', (m) => { open.delete(String(m)); if (!heard) console.log('asks'); heard = true; });
const t = setInterval(() => { sent += 1; open.add(String(sent)); s.send(String(sent), 5060, '${VIRTUAL}'); }, 5);
process.stdin.resume().on('end', () => { clearInterval(t); setTimeout(() => { console.log(JSON.stringify({ sent, unanswered: open.size })); process.exit(); }, 300); });`;

const firstLine = async (child: ChildProcess): Promise<string> => {
  assert.ok(child.stdout !== null);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return line;
};

const lastLine = async (child: ChildProcess): Promise<string> => {
  let text = '';
  child.stdout?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  await once(child, 'close');
  return text.trim().split('\n').at(-1) ?? '';
};

/** Asterisk as far as systemd knows it. */
const runUnit = (host: FreshHost): void => {
  const script = 'mkdir -p /run/units; sleep 900 > /dev/null 2>&1 & echo $! > /run/units/asterisk.service.pid';
  assert.equal(host.run('sh', '-c', script).code, 0);
};

const INIT = `init --role main --address 10.98.11.1 --virtual-ip ${VIRTUAL}/24 --json --yes`;

const init = (...more: readonly string[]): readonly string[] => [PROGRAM_PATH, ...INIT.split(' '), ...more];

test('what does not serve is not gone on with, and nothing is changed', options, () => {
  const [pbx1] = hostsOf();
  const refused = (code: string, ...more: readonly string[]): void => {
    const { out } = pbx1.run(...init('--adopt', ...more));
    assert.match(out, new RegExp(`"code":"${code}"`));
    assert.equal(pbx1.run('ls', '/etc/dualtone').code, 2);
  };
  refused('adopt-address-not-here');
  pbx1.run('ip', 'address', 'add', `${VIRTUAL}/24`, 'dev', 'eth0');
  refused('adopt-not-serving');
  runUnit(pbx1);
  refused('adopt-votes', '--checkpoint', 'cp1=10.98.11.3');
  refused('adopt-not-started', '--no-start');
  pbx1.run('mkdir', '-p', '/var/lib/dualtone');
  pbx1.write('/var/lib/dualtone/state-a', '');
  refused('adopt-state-there');
  pbx1.run('rm', '-r', '/var/lib/dualtone');
});

test('the main goes on with what serves: every question is answered', options, async (t) => {
  const [pbx1, pbx2] = hostsOf();
  const started: ChildProcess[] = [];
  const begin = (host: FreshHost, ...argv: readonly string[]): ChildProcess => {
    const child = host.start(...argv);
    started.push(child);
    return child;
  };
  // One that is left would keep this test from ending.
  t.after(() => {
    for (const child of started) child.kill();
  });
  const answerer = begin(pbx1, process.execPath, '-e', ANSWERER);
  assert.equal(await firstLine(answerer), 'answers');
  const asker = begin(pbx2, process.execPath, '-e', ASKER);
  assert.equal(await firstLine(asker), 'asks');
  const one = begin(pbx1, ...init('--adopt'));
  const shown = JSON.parse(await firstLine(one)) as { readonly tokens: readonly { readonly token: string }[] };
  const ended = once(one, 'exit');
  const two = begin(pbx2, PROGRAM_PATH, 'join', '10.98.11.1', '-', '--yes', '--json');
  two.stdin?.end(`${shown.tokens[0]?.token}\n`);
  assert.deepEqual([(await once(two, 'exit'))[0], (await ended)[0]], [0, 0]);
  const journal = pbx1.run(PROGRAM_PATH, 'journal', '--json', '--lines', '200').out;
  assert.match(journal, /"kind":"adopted"/);
  assert.match(journal, /"rule":"resumed"/);
  assert.doesNotMatch(journal, /"direction":"passivate"/);
  // The standby’s agent has listened for long enough to do what it would do.
  await new Promise((resolve) => execFile('sleep', ['4'], resolve));
  const status = JSON.parse(pbx2.run(PROGRAM_PATH, 'status', '--json').out) as { readonly server: string };
  assert.equal(status.server, 'other');
  const telling = lastLine(asker);
  asker.stdin?.end();
  const { sent, unanswered } = JSON.parse(await telling) as { readonly sent: number; readonly unanswered: number };
  assert.ok(sent > 500);
  assert.equal(unanswered, 0);
  // The order is gone: it was for one start.
  assert.equal(pbx1.run('ls', '/run/dualtone/adopt.json').code, 2);
});
