import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { decodeManifest, encodeManifest, manifestOf } from './manifest.ts';
import { planVoicemailMerge } from './merge.ts';
import { type Mailbox, readSpool, type Spool } from './spool.ts';
import { describeMessage, removeTree, writeMessage } from './testing/make-spool.ts';

let spool = '';

const read = async (): Promise<Spool> => {
  const result = await readSpool(spool);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

const mailbox = async (key = 'default/1000'): Promise<Mailbox> => {
  const found = (await read()).mailboxByKey.get(key);
  assert.ok(found !== undefined);
  return found;
};

describe('the spool', () => {
  beforeEach(() => {
    spool = mkdtempSync(join(tmpdir(), 'dualtone-spool-'));
  });
  afterEach(() => removeTree(spool));

  test('gives messages with their folders, and greetings over all their formats', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: '1-0' });
    writeMessage(spool, 'default/1000', 'INBOX', 1, { id: '1-1', formats: ['gsm'] });
    writeMessage(spool, 'default/1000', 'Old', 0, { id: '1-2', origtime: 7 });
    writeFileSync(join(spool, 'default/1000/unavail.wav'), 'hello');
    writeFileSync(join(spool, 'default/1000/unavail.gsm'), 'hello');
    writeFileSync(join(spool, 'default/1000/secret.conf'), '[general]\nsecret=1');
    const { messageById, greetingByName, folders } = await mailbox();
    assert.deepEqual(
      [...messageById.values()].map(({ folder, number, formats }) => [folder, number, formats.join()]),
      [
        ['INBOX', 0, 'WAV,wav'],
        ['INBOX', 1, 'gsm'],
        ['Old', 0, 'WAV,wav'],
      ],
    );
    assert.deepEqual([...greetingByName.keys()].toSorted(), ['secret.conf', 'unavail']);
    assert.deepEqual([...folders], ['INBOX', 'Old']);
    assert.deepEqual((await read()).troubles, []);
  });

  test('a message keeps its identity and digest wherever it stands, and when Asterisk rewrites its description', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: null });
    const [before] = [...(await mailbox()).messageById.values()];
    const text = describeMessage({ id: '5-5' }).replaceAll('=', ' = ').replace('; Message', ';! Message');
    writeFileSync(join(spool, 'default/1000/INBOX/msg0000.txt'), text);
    mkdirSync(join(spool, 'default/1000/Old'));
    for (const extension of ['txt', 'wav', 'WAV'])
      renameSync(
        join(spool, `default/1000/INBOX/msg0000.${extension}`),
        join(spool, `default/1000/Old/msg0003.${extension}`),
      );
    const [after] = [...(await mailbox()).messageById.values()];
    assert.equal(after?.digest, before?.digest);
    assert.equal(after?.number, 3);
    assert.notEqual(after?.id, before?.id);
  });

  test('an old message that the standby gave an identity is the same message', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: null });
    const main = await read();
    removeTree(join(spool, 'default'));
    writeMessage(spool, 'default/1000', 'Old', 0, { id: null });
    writeFileSync(join(spool, 'default/1000/Old/msg0000.txt'), describeMessage({ id: '5-5' }));
    mkdirSync(join(spool, 'default/1000/INBOX'));
    const plan = planVoicemailMerge(manifestOf(main, 1), main, await read(), { serving: 'standby' });
    assert.deepEqual(
      plan.actions.map((action) => [action.kind, 'from' in action ? `${action.from} ${action.to}` : '']),
      [['move', 'INBOX Old']],
    );
  });

  test('two messages that one server gave the same number are two, and the same files in two folders are one', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: '1-0', callerid: 'Anna <1>' });
    writeMessage(spool, 'default/1000', 'INBOX', 1, { id: '1-0', callerid: 'Bert <2>' });
    writeMessage(spool, 'default/1000', 'INBOX', 2, { id: '1-0', callerid: 'Bert <2>' });
    const { messageById } = await mailbox();
    assert.equal(messageById.size, 3);
    assert.equal([...messageById.keys()].filter((id) => id.endsWith('~2')).length, 1);
  });

  test('links are not followed, strange names and huge descriptions are reported, and nothing there counts as deleted', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: '1-0' });
    const outside = mkdtempSync(join(tmpdir(), 'dualtone-outside-'));
    writeMessage(outside, 'default/1000', 'INBOX', 0, { id: 'secret' });
    const before = manifestOf(await read(), 1);
    symlinkSync(join(outside, 'default/1000'), join(spool, 'default/1001'));
    symlinkSync(join(outside, 'default'), join(spool, 'linked'));
    symlinkSync(join(outside, 'default/1000/INBOX'), join(spool, 'default/1000/Old'));
    removeTree(join(spool, 'default/1000/INBOX/msg0000.txt'));
    symlinkSync(join(outside, 'default/1000/INBOX/msg0000.txt'), join(spool, 'default/1000/INBOX/msg0000.txt'));
    mkdirSync(join(spool, 'default/bad\nname/INBOX'), { recursive: true });
    mkdirSync(join(spool, Buffer.from('bad\xff', 'latin1').toString('latin1')), { recursive: true });
    writeFileSync(join(spool, 'default/1000/INBOX/msg0001.txt'), Buffer.alloc(70_000, 'a=b\n'));
    writeFileSync(join(spool, 'default/1000/INBOX/msg0002.txt'), 'nonsense');
    writeFileSync(join(spool, 'default/1000/INBOX/.lock'), '');
    const now = await read();
    removeTree(outside);
    assert.deepEqual([...now.mailboxByKey.keys()].toSorted(), ['default/1000']);
    const box = now.mailboxByKey.get('default/1000');
    assert.ok(box?.uncertain);
    assert.equal(box.messageById.size, 0);
    const texts = now.troubles.map(({ message }) => message).join('\n');
    for (const expected of ['linked', '1001', 'Old', 'msg0000.txt', 'msg0001.txt', 'msg0002.txt', 'bad?name'])
      assert.ok(texts.includes(expected), `${expected} is not in ${texts}`);
    assert.ok(now.troubles.every(({ code, message }) => code === 'voicemail-strange-entry' && !message.includes('\n')));
    const main = {
      mailboxByKey: new Map([['default/1000', { ...box, messageById: messagesOf(before) }]]),
      troubles: [],
    };
    const plan = planVoicemailMerge(before, main, now, { serving: 'standby' });
    assert.deepEqual(plan.actions, []);
    assert.deepEqual(
      plan.unsettled.map(({ why }) => why),
      ['uncertain'],
    );
  });

  test('a spool that is not there is empty; one that is a file is a fault', async () => {
    removeTree(spool);
    assert.equal((await read()).mailboxByKey.size, 0);
    writeFileSync(spool, '');
    const result = await readSpool(spool);
    assert.equal(result.ok ? '' : result.error.code, 'voicemail-spool-unreadable');
  });

  test('a manifest survives its file, and a broken file is a fault', async () => {
    writeMessage(spool, 'default/1000', 'INBOX', 0, { id: '1-0' });
    writeMessage(spool, 'sales/1000', 'Cust5', 0, { id: null });
    writeFileSync(join(spool, 'sales/1000/busy.wav'), 'hello');
    const manifest = manifestOf(await read(), 123);
    const text = encodeManifest(manifest);
    assert.ok(text.ok);
    const again = decodeManifest(text.value);
    assert.deepEqual(again.ok && again.value, manifest);
    const broken = ['', '{}', '[]', text.value.slice(0, -5), text.value.replace('"version":1', '"version":2')];
    const bent = [
      text.value.replace('[["', '[[["'),
      '{"version":1,"takenAt":1,"mailboxes":[["a/b",[["id",99,"x"]],[]]]}',
    ];
    for (const each of [...broken, ...bent]) {
      const result = decodeManifest(each);
      assert.equal(result.ok ? each : result.error.code, 'voicemail-manifest-bad');
    }
  });
});

const messagesOf = (manifest: ReturnType<typeof manifestOf>) => {
  const remembered = manifest.mailboxByKey.get('default/1000')?.messageById ?? new Map();
  const none = { number: 0, formats: ['wav'], origtime: 0, inode: '1', bytes: 1, alsoIn: [] };
  return new Map([...remembered].map(([id, { folder, digest }]) => [id, { ...none, id, folder, digest }]));
};
