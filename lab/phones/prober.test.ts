import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from '../../src/sip/parse.ts';
import { monotonicMs } from './clock.ts';
import { need } from './fake-pbx.ts';
import { startProber } from './prober.ts';
import { openUdp } from './udp.ts';

const localAddress = '127.0.0.1';

describe('the prober', () => {
  it('sends proper requests, each one new, and takes nothing for an answer that is none', async (t) => {
    const socket = need(await openUdp(localAddress));
    t.after(() => socket.close());
    const names = new Set<string>();
    const enough = new Promise<void>((resolve) => {
      socket.on('message', (bytes, from) => {
        const request = parseMessage(bytes);
        assert.ok(request.ok && request.value.kind === 'request' && request.value.method === 'OPTIONS');
        const branch = request.value.vias[0].paramByName.get('branch') ?? '';
        names.add(`${branch} ${request.value.callId}`);
        socket.send(`SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=${branch}\r\n\r\n`, from.port, from.address);
        if (names.size === 20) resolve();
      });
    });
    const sinceMs = monotonicMs();
    const server = { address: localAddress, port: socket.address().port };
    const prober = need(await startProber({ name: 'x', localAddress, server, user: '1000', answerWithinMs: 30 }));
    await enough;
    const report = prober.report(sinceMs, monotonicMs() + 30);
    prober.stop();
    assert.equal(report.answered, 0);
    assert.ok(report.lost >= 19 && report.asked === report.lost);
  });

  it('says that its address is not here', async () => {
    const server = { address: localAddress, port: 5060 };
    const prober = await startProber({ name: 'x', localAddress: '192.0.2.77', server, user: '1000' });
    assert.equal(prober.ok ? '' : prober.error.code, 'sip-local-address');
  });
});
