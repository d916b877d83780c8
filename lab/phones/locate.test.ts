import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../src/switches/dns/message.ts';
import type { RecordType } from '../../src/switches/dns/rdata.ts';
import { monotonicMs } from './clock.ts';
import { type AskName, locate } from './locate.ts';

type Zone = Readonly<Record<string, readonly string[]>>;

/** `name TYPE` to data, all for 30 s. */
const asking = (zone: Zone): { readonly ask: AskName; readonly asked: string[] } => {
  const asked: string[] = [];
  const ask = async (name: string, type: RecordType): Promise<Answer['records']> => {
    asked.push(`${name} ${type}`);
    return (zone[`${name} ${type}`] ?? []).map((data) => ({ name, type, ttl: 30, data }));
  };
  return { ask, asked };
};

const addresses = {
  'a.example. A': ['192.0.2.1'],
  'b.example. A': ['192.0.2.2'],
};

describe('a telephone that finds its servers by RFC 3263', () => {
  it('follows NAPTR to the name of SRV, and goes by priority before weight', async () => {
    const { ask, asked } = asking({
      ...addresses,
      'example. NAPTR': [
        '20 10 "s" "SIP+D2T" "" _sip._tcp.example.',
        '30 10 "s" "SIP+D2U" "" _wrong.example.',
        '20 10 "s" "SIP+D2U" "" _voice._udp.example.',
      ],
      '_voice._udp.example. SRV': ['20 90 5060 b.example.', '10 10 5070 a.example.'],
    });
    const { targets, untilMs } = await locate('example', ask);
    assert.deepEqual(targets, [
      { address: '192.0.2.1', port: 5070 },
      { address: '192.0.2.2', port: 5060 },
    ]);
    assert.ok(Math.abs(untilMs - monotonicMs() - 30_000) < 5000);
    assert.deepEqual(asked.slice(0, 2), ['example. NAPTR', '_voice._udp.example. SRV']);
  });

  it('asks for SRV by its usual name where there is no NAPTR for UDP, and for the address where there is no SRV', async () => {
    const srv = asking({ ...addresses, '_sip._udp.example. SRV': ['10 1 5060 a.example.', '10 9 5060 b.example.'] });
    assert.deepEqual(
      (await locate('example', srv.ask)).targets.map(({ address }) => address),
      ['192.0.2.2', '192.0.2.1'],
    );
    const plain = asking({ 'example. A': ['192.0.2.9'] });
    assert.deepEqual((await locate('example', plain.ask)).targets, [{ address: '192.0.2.9', port: 5060 }]);
  });

  it('has none where nobody answers, or where the service is said to be absent', async () => {
    assert.deepEqual((await locate('example', asking({}).ask)).targets, []);
    const absent = asking({ '_sip._udp.example. SRV': ['0 0 0 .'] });
    assert.deepEqual((await locate('example', absent.ask)).targets, []);
  });
});
