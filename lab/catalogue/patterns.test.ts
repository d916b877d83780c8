import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue } from './catalogue.ts';
import { matches, select } from './patterns.ts';

const names = ['power-loss', 'power-loss-quick', 'asterisk-crash', 'switchover'];

describe('patterns', () => {
  it('take the whole name, with * and ? as wild cards and nothing else', () => {
    assert.ok(matches('power-*', 'power-loss-quick'));
    assert.ok(matches('*', 'switchover'));
    assert.ok(matches('power-los?', 'power-loss'));
    assert.equal(matches('power', 'power-loss'), false);
    assert.equal(matches('power.loss', 'power-loss'), false);
    assert.equal(matches('(power-loss)', 'power-loss'), false);
  });

  it('select each name once, in the order of the list', () => {
    const found = select(['switch*', 'power-*', 'power-loss'], names);
    assert.deepEqual(found.ok && found.value, ['power-loss', 'power-loss-quick', 'switchover']);
  });

  it('that take nothing are a fault', () => {
    const found = select(['power-*', 'flood'], names);
    assert.equal(!found.ok && found.error.code, 'scenario-unknown');
  });
});

describe('catalogue', () => {
  it('has each name once, and every scenario that the project promises', () => {
    const own = catalogue.map(({ name }) => name);
    assert.equal(new Set(own).size, own.length);
    const promised =
      'power-loss power-loss-quick asterisk-crash asterisk-hang asterisk-deaf switchover switchover-with-calls failback isolation cut-between standby-isolated asymmetric-cut standby-power-loss lone-boot-main lone-boot-standby agent-killed agent-frozen node-frozen both-boot checkpoint-lost checkpoint-stays-lost both-votes-lost flapping main-returns manual-mode maintenance disk-full clock-step packet-loss cold-standby upgrade-restart';
    assert.deepEqual(
      promised.split(' ').filter((name) => !own.includes(name)),
      [],
    );
  });
});
