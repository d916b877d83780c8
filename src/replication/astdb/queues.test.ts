import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAmi } from '../../ami/connection.ts';
import type { QueueMember } from '../../ami/queue-actions.ts';
import { startFakeManager } from '../../ami/testing/fake-manager.ts';
import { queueActs, queueOf, readMembers } from './queues.ts';

const member = (name: string, other: Partial<QueueMember> = {}): QueueMember => ({
  interface: `PJSIP/${name}`,
  name,
  stateInterface: `PJSIP/${name}`,
  penalty: 0,
  paused: false,
  reason: '',
  ...other,
});

test('members as Asterisk 22 and older ones write them', () => {
  assert.equal(queueOf('Queue/PersistentMembers/a/b'), 'a/b');
  assert.equal(queueOf('Queue/Other/a'), null);
  assert.deepEqual(readMembers('PJSIP/1;3;1;Änne;PJSIP/2;lunch;0|Local/5@x;0;0;;;;'), [
    member('1', { name: 'Änne', stateInterface: 'PJSIP/2', penalty: 3, paused: true, reason: 'lunch' }),
    { ...member('5'), interface: 'Local/5@x', name: 'Local/5@x', stateInterface: 'Local/5@x' },
  ]);
  assert.deepEqual(readMembers('SIP/1;2;0'), [
    { ...member('1'), interface: 'SIP/1', name: 'SIP/1', stateInterface: 'SIP/1', penalty: 2 },
  ]);
  assert.deepEqual(readMembers(''), []);
});

test('only what differs is done, and who stays is not taken out', async (context) => {
  const manager = await startFakeManager();
  const ami = await connectAmi({
    host: '127.0.0.1',
    port: manager.port,
    user: 'dualtone',
    secret: 's3cret',
    connectTimeoutMs: 2_000,
    actionTimeoutMs: 2_000,
  });
  assert.ok(ami.ok);
  context.after(async () => {
    ami.value.close();
    await manager.stop();
  });
  const done = async (have: readonly QueueMember[], want: readonly QueueMember[]): Promise<readonly string[]> => {
    manager.actions.length = 0;
    for (const act of queueActs('sales', have, want)) await act(ami.value);
    return [...manager.actions];
  };
  assert.deepEqual(await done([member('1')], [member('1')]), []);
  assert.deepEqual(await done([member('1'), member('2')], [member('2'), member('3')]), ['QueueRemove', 'QueueAdd']);
  assert.deepEqual(await done([member('1')], [member('1', { penalty: 2 })]), ['QueuePenalty']);
  assert.deepEqual(await done([member('1')], [member('1', { paused: true })]), ['QueuePause']);
  assert.deepEqual(await done([member('1', { paused: true })], [member('1', { paused: true, reason: 'x' })]), [
    'QueuePause',
  ]);
  assert.deepEqual(await done([member('1')], [member('1', { name: 'x' })]), ['QueueRemove', 'QueueAdd']);
});
