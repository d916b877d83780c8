import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersIn } from './network.ts';

test('who answers for an address is read of arping as Debian 11 and as newer ones print it', () => {
  const old = `ARPING 10.1.2.10 from 0.0.0.0 eth0
Unicast reply from 10.1.2.10 [02:DC:A4:49:00:0B] for 10.1.2.10 [FF:FF:FF:FF:FF:FF] 0.722ms
Sent 1 probes (1 broadcast(s))
Received 1 response(s)
`;
  const newer = `ARPING 10.1.2.10 from 0.0.0.0 eth0
Unicast reply from 10.1.2.10 [02:dc:a4:49:00:0b]  0.722ms
Unicast reply from 10.1.2.10 [02:dc:a4:49:00:0c]  0.9ms
Sent 1 probes (1 broadcast(s))
`;
  assert.deepEqual(answersIn(old), ['02:dc:a4:49:00:0b']);
  assert.deepEqual(answersIn(newer), ['02:dc:a4:49:00:0b', '02:dc:a4:49:00:0c']);
  assert.deepEqual(answersIn('Sent 2 probes (2 broadcast(s))\nReceived 0 response(s)\n'), []);
});
