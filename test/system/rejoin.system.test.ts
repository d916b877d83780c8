/**
 * A lost node is replaced while the other serves: its agent goes on, with the same process and the same term of service. Then the new one
 * joins again, by its own page.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askSnapshot } from '../../src/api/client.ts';
import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import { createFreshHosts, type FreshHost, type FreshHosts, PROGRAM_PATH, withoutRoot } from './fresh-hosts.ts';
import { joinWith, pairHosts } from './fresh-pair.ts';

let fresh: FreshHosts | null = null;
before(async () => {
  if (withoutRoot === false) fresh = await createFreshHosts('pbx1', 'pbx2', 'pbx3');
});
after(() => fresh?.remove());

/** No telephony: it is about the agent. */
const FILE = `telephony: cold
services: []
gate: { enforce: false }
streams: { astdb: { enabled: false } }
failback: { policy: manual }
probes: { ami: null, tcp: [], sip: [] }
`;

const WEB = (address: string): string => `web: { listen: [{ address: ${address}, port: 8443 }] }\n`;

/** What its own page is asked, by an administrator. */
const askPage = (host: FreshHost, token: string, method: string, path: string, body = ''): string => {
  const certificate = '/var/lib/dualtone/web/tls.crt';
  return host.run(process.execPath, CLIENT, certificate, host.address, token, method, path, body).out;
};

const CLIENT = fileURLToPath(new URL('web-client.ts', import.meta.url));

const seen = async (host: FreshHost): Promise<NodeSnapshot | null> => {
  const asked = await askSnapshot(host.socket, 2000);
  return asked.ok && asked.value.kind === 'node' ? asked.value : null;
};

const until = async (host: FreshHost, what: string, holds: (snapshot: NodeSnapshot) => boolean) => {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const snapshot = await seen(host);
    if (snapshot !== null && holds(snapshot)) return snapshot;
    if (performance.now() > deadline) assert.fail(`${what} was to be seen: ${JSON.stringify(snapshot?.headline)}`);
    await sleep(20);
  }
};

/** Made once in a run: names of tokens are unique. */
const adminOf = (host: FreshHost, name: string): string =>
  host.run(PROGRAM_PATH, 'token', 'add', name, '--role', 'admin').out.trim();

/** A token, by the page of a node. */
const tokenOf = (host: FreshHost, admin: string, asked: object): string => {
  const told = askPage(host, admin, 'POST', '/api/v1/pairing/tokens', JSON.stringify({ validMinutes: 1, ...asked }));
  const token = /dt1-[A-Za-z0-9_-]+/.exec(told)?.[0];
  assert.ok(token !== undefined, told);
  return token;
};

/** Its page says that the standby has joined; while its agent starts again the page is away. */
const untilJoined = async (host: FreshHost, admin: string): Promise<void> => {
  const deadline = performance.now() + 40_000;
  for (;;) {
    const view = askPage(host, admin, 'GET', '/api/v1/pairing');
    if (/state\\":\\"done/.test(view)) return assert.match(view, /joined\\":\[\\"standby/);
    assert.doesNotMatch(view, /state\\":\\"failed/);
    if (performance.now() > deadline) assert.fail(`it was to join: ${view}`);
    await sleep(500);
  }
};

/** The same for `rejoin`, by the page of the node that remains. */
const replaceByPage = async (one: FreshHost, admin: string, lost: string, other: FreshHost): Promise<void> => {
  await joinWith(tokenOf(one, admin, { replace: true, confirm: lost }), other);
  await untilJoined(one, admin);
  assert.match(askPage(one, '-', 'GET', '/api/v1/public'), /pbx1 \/ pbx3/);
};

test('a lost node is replaced, and who serves is not interrupted', { skip: withoutRoot }, async (context) => {
  const [pbx1, pbx2, pbx3] = fresh?.hosts ?? [];
  if (pbx1 === undefined || pbx2 === undefined || pbx3 === undefined) throw new Error('there are no hosts');
  for (const host of [pbx1, pbx3]) host.run('mkdir', '-p', '/etc/dualtone');
  for (const host of [pbx1, pbx3]) host.write('/etc/dualtone/dualtone.yaml', `${FILE}${WEB(host.address)}`);
  await pairHosts(pbx1, pbx2);
  const former = await until(pbx1, 'that it serves, and hears the other', (s) => s.server === 'this' && s.other.proven);
  pbx2.remove();
  // Each look from here on finds the same process in the same term.
  let looks = 0;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      const snapshot = await seen(pbx1);
      // A busy machine may answer late: then the next look tells, by process and term.
      if (snapshot !== null) {
        assert.deepEqual(
          [snapshot.server, snapshot.epoch, snapshot.agent.pid],
          ['this', former.epoch, former.agent.pid],
        );
        looks += 1;
      }
      await sleep(20);
    }
  })();
  await replaceByPage(pbx1, adminOf(pbx1, 'replacing'), 'pbx2', pbx3);
  const now = await until(pbx1, 'the new one', (s) => s.peer.name === 'pbx3' && s.other.proven);
  assert.equal(now.peer.address, pbx3.address);
  await until(pbx3, 'the pair’s stream', (s) => s.server === 'other' && s.checks?.other !== null);
  over.abort();
  await watching;
  assert.ok(looks > 20);
  context.diagnostic(`measured: ${looks} looks, none of them without service`);
  const journal = pbx1.run(PROGRAM_PATH, 'journal', '--json', '--lines', '500').out;
  assert.ok(/"what":"reloaded"/.test(journal) && /key sha256:.*"what":"rejoined"/.test(journal));
});

test('a node joins by its own page, with a token of the other’s: both pages say so, over the restarts of their agents', {
  skip: withoutRoot,
}, async (context) => {
  const [pbx1, , pbx3] = fresh?.hosts ?? [];
  if (pbx1 === undefined || pbx3 === undefined) throw new Error('there are no hosts');
  const former = await until(pbx1, 'that it serves', (s) => s.server === 'this' && s.other.proven);
  const admin = adminOf(pbx1, 'inviting');
  const keyOf = (host: FreshHost): string => host.run('sha256sum', '/etc/dualtone/pair.key').out;
  const own = adminOf(pbx3, 'joining');
  const asked = { token: tokenOf(pbx1, admin, {}), confirm: 'pbx3' };
  const begun = performance.now();
  assert.match(askPage(pbx3, own, 'POST', '/api/v1/pairing/join', JSON.stringify(asked)), /running/);
  await untilJoined(pbx1, admin);
  await untilJoined(pbx3, own);
  await until(pbx1, 'it again', (s) => s.server === 'this' && s.other.proven && s.agent.pid !== former.agent.pid);
  await until(pbx3, 'the other again', (s) => s.server === 'other' && s.other.proven);
  context.diagnostic(`measured: both are a pair again after ${Math.round(performance.now() - begun)} ms`);
  assert.equal(keyOf(pbx3), keyOf(pbx1));
  const journal = pbx3.run(PROGRAM_PATH, 'journal', '--json', '--lines', '500').out;
  assert.match(journal, /"by":"token joining[^"]*","detail":"pbx3 joined/);
});
