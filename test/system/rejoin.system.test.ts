/** A lost node is replaced while the other serves: its agent goes on, with the same process and the same term of service. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askSnapshot } from '../../src/api/client.ts';
import type { NodeSnapshot } from '../../src/api/snapshot.ts';
import { createFreshHosts, type FreshHost, type FreshHosts, PROGRAM_PATH, withoutRoot } from './fresh-hosts.ts';

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

const joinWith = async (token: string, host: FreshHost): Promise<void> => {
  const joining = host.start(PROGRAM_PATH, 'join', '-', '--yes', '--json');
  joining.stdin?.end(`${token}\n`);
  const [code] = (await once(joining, 'exit')) as [number];
  assert.equal(code, 0);
};

/** `init` on the one, `join` on the other; resolves when both have ended. */
const pair = async (one: FreshHost, other: FreshHost): Promise<void> => {
  const inviting = one.start(PROGRAM_PATH, 'init', '--yes', '--json', '--role', 'main', '--address', one.address);
  const ended = once(inviting, 'exit');
  let said = '';
  const token = await new Promise<string>((resolve, reject) => {
    inviting.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /"token":"(dt1-[^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  await joinWith(token, other);
  assert.deepEqual(await ended, [0, null], said);
};

/** The same for `rejoin`, by the page of the node that remains. */
const replaceByPage = async (one: FreshHost, lost: string, other: FreshHost): Promise<void> => {
  const admin = one.run(PROGRAM_PATH, 'token', 'add', 'test', '--role', 'admin').out.trim();
  const asked = JSON.stringify({ replace: true, confirm: lost, validMinutes: 1 });
  const told = askPage(one, admin, 'POST', '/api/v1/pairing/tokens', asked);
  const token = /dt1-[A-Za-z0-9_-]+/.exec(told)?.[0];
  assert.ok(token !== undefined, told);
  await joinWith(token, other);
  for (;;) {
    const view = askPage(one, admin, 'GET', '/api/v1/pairing');
    if (/state\\":\\"done/.test(view)) {
      assert.match(view, /joined\\":\[\\"standby/);
      return assert.match(askPage(one, '-', 'GET', '/api/v1/public'), /pbx1 \/ pbx3/);
    }
    assert.match(view, /state\\":\\"running/);
    await sleep(500);
  }
};

test('a lost node is replaced, and who serves is not interrupted', { skip: withoutRoot }, async (context) => {
  const [pbx1, pbx2, pbx3] = fresh?.hosts ?? [];
  if (pbx1 === undefined || pbx2 === undefined || pbx3 === undefined) throw new Error('there are no hosts');
  pbx1.run('mkdir', '-p', '/etc/dualtone');
  pbx1.write('/etc/dualtone/dualtone.yaml', `${FILE}${WEB(pbx1.address)}`);
  await pair(pbx1, pbx2);
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
  await replaceByPage(pbx1, 'pbx2', pbx3);
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
