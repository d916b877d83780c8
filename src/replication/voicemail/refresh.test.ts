import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AmiAnswer, AmiConnection } from '../../ami/connection.ts';
import type { AmiMessage } from '../../ami/message.ts';
import { ok } from '../../core/result.ts';
import { checkRefresh, createRefresh, readMailboxesInUse, readMailboxLimits } from './refresh.ts';

const message = (name: string, headers: Readonly<Record<string, string>> = {}): AmiMessage => ({
  kind: 'response',
  name,
  valuesByName: new Map(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [value]])),
  output: [],
});

/** A manager that gives one answer, and what it was asked. */
const manager = (answer: AmiAnswer, version = '11.0.0') => {
  const asked: unknown[] = [];
  const ami: AmiConnection = {
    version,
    act: (action, headers = []) => {
      asked.push([action, ...headers.map(([, value]) => value)]);
      return Promise.resolve(ok(answer));
    },
    close: () => undefined,
  };
  return { ami, asked };
};

test('a mailbox is refreshed by its name, and a refusal is a fault', async () => {
  const { ami, asked } = manager({ response: message('Success'), entries: [] });
  assert.ok((await createRefresh(ami)({ context: 'default', mailbox: '1000' })).ok);
  assert.deepEqual(asked, [['VoicemailRefresh', 'default', '1000']]);
  const none = manager({ response: message('Error', { Message: 'Permission denied' }), entries: [] });
  const refused = await createRefresh(none.ami)({ context: 'default', mailbox: '1000' });
  assert.equal(refused.ok ? '' : refused.error.code, 'voicemail-refused');
});

test('an old Asterisk that does not poll is told of', async () => {
  const of = (line: string, version: string) =>
    checkRefresh(manager({ response: message('Success', { 'Line-000000-000001': line }), entries: [] }, version).ami);
  assert.deepEqual(await of('pollmailboxes=no', '11.0.0'), ok(null));
  assert.deepEqual(await of('pollmailboxes = yes', '5.0.4'), ok(null));
  const late = await of('pollmailboxes=no', '5.0.4');
  assert.equal(late.ok ? late.value?.code : '', 'voicemail-lamps-late');
});

test('limits come by mailbox; without any mailbox, or without app_voicemail, there are none', async () => {
  const entry = message('VoicemailUserEntry', { VMContext: 'default', VoiceMailbox: '1000', MaxMessageCount: '25' });
  const limits = await readMailboxLimits(manager({ response: message('Success'), entries: [entry] }).ami);
  assert.deepEqual(limits.ok && [...limits.value], [['default/1000', 25]]);
  for (const why of [
    'There are no voicemail users currently defined.',
    'Invalid/unknown command: VoicemailUsersList. Use Action: ListCommands to show available commands.',
  ]) {
    const none = await readMailboxLimits(manager({ response: message('Error', { Message: why }), entries: [] }).ami);
    assert.deepEqual(none.ok && [...none.value], []);
  }
});

test('who listens is seen, and who has not said to what counts for all', async () => {
  const channel = (application: string, data: string) =>
    message('CoreShowChannel', { Application: application, ApplicationData: data });
  const of = async (...entries: AmiMessage[]) => {
    const inUse = await readMailboxesInUse(manager({ response: message('Success'), entries }).ami);
    assert.ok(inUse.ok);
    return ['1000', '1001'].filter((mailbox) => inUse.value({ context: 'default', mailbox }));
  };
  assert.deepEqual(await of(channel('Dial', '1000'), channel('VoiceMail', '1000@default')), []);
  assert.deepEqual(await of(channel('VoiceMailMain', '1000@default,s')), ['1000']);
  assert.deepEqual(await of(channel('VoiceMailMain', '1000')), ['1000']);
  assert.deepEqual(await of(channel('VoiceMailMain', '')), ['1000', '1001']);
  assert.deepEqual(await of(channel('VoiceMailMain', '@default')), ['1000', '1001']);
});
