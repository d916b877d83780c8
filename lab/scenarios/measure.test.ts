import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Interval } from '../witness/serving.ts';
import { movesOf, trunkTroubles } from './measure.ts';

const span = (fromMs: number, toMs: number): Interval => ({ fromMs, toMs });

describe('moves', () => {
  it('are changes of the one who answers, not the holes of one', () => {
    assert.equal(movesOf({ main: [span(0, 10), span(50, 90)], standby: [span(100, 200)] }), 1);
    assert.equal(movesOf({ main: [span(0, 10), span(300, 400)], standby: [span(100, 200)] }), 2);
    assert.equal(movesOf({ main: [], standby: [span(100, 200)] }), 0);
  });
});

describe('the trunk', () => {
  const note = (by: string, atMs: number) => ({
    atMs,
    by,
    source: { address: '10.0.0.10', port: 5060 },
    method: 'REGISTER',
    callId: by,
    contact: undefined,
    outcome: 'accepted',
  });
  const served = { main: [span(0, 500)], standby: [span(900, 2000)] };

  it('may be registered by the node that serves', () => {
    assert.deepEqual(trunkTroubles({ notes: [note('pbx main', 300), note('pbx standby', 950)] }, served), []);
  });

  it('is in trouble when a mute node registers it, or a stranger', () => {
    assert.match(trunkTroubles({ notes: [note('pbx main', 1200)] }, served)[0] ?? '', /main registered the trunk/);
    assert.match(trunkTroubles({ notes: [note('other', 1200)] }, served)[0] ?? '', /"other"/);
  });
});
