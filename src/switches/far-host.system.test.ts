/** Edge over a real sshd with the shipped forced command: the way of a takeover, and that the key can do nothing else. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSshd } from '../../test/ssh/sshd.ts';
import { run } from '../process/run.ts';
import { addAuthorized } from '../ssh/authorized.ts';
import { createKey } from '../ssh/key.ts';
import { pinHost } from '../ssh/known-hosts.ts';
import { publicKeyLine } from '../ssh/public-key.ts';
import { createEdge } from './edge/edge.ts';
import { createFarHost } from './far-host.ts';
import { createForcedHost, FORCED } from './testing/forced.ts';

const BEFORE = 'XIVO_HOST=10.0.0.1\nTURN_ALLOWED_PEERS=10.0.0.1 10.0.0.10\nXIVO_MDS_HOST_DEFAULT="10.0.0.1" # main\n';
const AFTER = 'XIVO_HOST=10.0.0.2\nTURN_ALLOWED_PEERS=10.0.0.2 10.0.0.10\nXIVO_MDS_HOST_DEFAULT="10.0.0.2" # main\n';

test('Edge is switched and put back over SSH by a key that may do nothing else', { timeout: 300_000 }, async () => {
  const far = createForcedHost('dualtone-edge');
  const sshd = await startSshd();
  try {
    far.put('.env', BEFORE);
    const key = await createKey(sshd.target.keyFile, 'pbx1');
    assert.ok(key.ok);
    const command = `env DUALTONE_EDGE_DIRECTORY=${far.folder} DUALTONE_EDGE_COMPOSE=${far.folder}/dcomp sh ${join(FORCED, 'dualtone-edge')}`;
    assert.ok(addAuthorized(sshd.authorizedKeys, `restrict,command="${command}" ${publicKeyLine(key.value)}`).ok);
    const host = createFarHost('edge', sshd.target, run);
    const sides = { main: { xivo: '10.0.0.1', cc: null }, standby: { xivo: '10.0.0.2', cc: null } };
    const edge = createEdge({ host, sides, fileMs: 60_000, upMs: 60_000 });
    const signal = new AbortController().signal;
    const stranger = await edge.switchTo('standby', signal);
    assert.equal(stranger.ok ? 'done' : stranger.error.code, 'ssh-host-key-unknown');
    assert.ok(pinHost(sshd.target.knownHostsFile, sshd.target.hostAlias, [sshd.hostKey]).ok);
    const done = await edge.switchTo('standby', signal);
    assert.ok(done.ok, done.ok ? '' : done.error.message);
    assert.deepEqual([far.file('.env'), far.file('running-env')], [AFTER, AFTER]);
    far.refuse('up', 'once');
    const back = await edge.switchTo('main', signal);
    assert.equal(back.ok ? 'done' : back.error.code, 'edge-rolled-back');
    assert.deepEqual([far.file('.env'), far.file('running-env')], [AFTER, AFTER]);
    const other = await host.ask(['id'], { timeoutMs: 60_000, signal });
    assert.equal(other.ok ? other.value : other.error.code, 'far-refused');
  } finally {
    await sshd.stop();
    far.remove();
  }
});
