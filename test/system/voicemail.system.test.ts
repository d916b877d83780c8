import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensureTree } from '../../lab/tree/tree.ts';
import { runCommand } from '../../src/ami/actions.ts';
import { headerOf } from '../../src/ami/message.ts';
import { openDirectory } from '../../src/replication/voicemail/directory.ts';
import { createLock, type LockMode } from '../../src/replication/voicemail/lock.ts';
import { type Manifest, takeManifest } from '../../src/replication/voicemail/manifest.ts';
import {
  checkRefresh,
  createRefresh,
  readMailboxesInUse,
  readMailboxLimits,
} from '../../src/replication/voicemail/refresh.ts';
import { idsIn, namesIn, removeTree } from '../../src/replication/voicemail/testing/make-spool.ts';
import { undoVoicemailMerge } from '../../src/replication/voicemail/undo.ts';
import { mergeVoicemail, workIn } from '../../src/replication/voicemail/voicemail.ts';
import { openSubscribedPhone, openUnsolicitedPhone } from './mwi-phone.ts';
import { inNamespace, ip, until } from './namespace.ts';
import { startVoicemailAsterisk, type VoicemailAsterisk } from './voicemail-asterisk.ts';

const patience = 60_000;

const command = async ({ ami }: VoicemailAsterisk, text: string): Promise<string> => {
  const said = await runCommand(ami, text);
  assert.ok(said.ok, JSON.stringify(said));
  return said.value.join('\n');
};

const act = async ({ ami }: VoicemailAsterisk, action: string, headers: Readonly<Record<string, string>>) => {
  const answer = await ami.act(action, Object.entries(headers), { timeoutMs: patience });
  assert.ok(answer.ok && answer.value.response.name === 'Success', `${action}: ${JSON.stringify(answer)}`);
  return answer.value;
};

const inbox = (asterisk: VoicemailAsterisk, mailbox: string): readonly string[] =>
  namesIn(asterisk.spool, `default/${mailbox}`, 'INBOX').filter((name) => name.endsWith('.txt'));

/** Calls that leave a message each. */
const leave = async (asterisk: VoicemailAsterisk, mailbox: string, count = 1): Promise<void> => {
  const before = inbox(asterisk, mailbox).length;
  for (let call = 0; call < count; call += 1)
    await command(asterisk, `channel originate Local/${mailbox}@default extension say@talk`);
  await until(() => inbox(asterisk, mailbox).length === before + count, patience, `${count} messages for ${mailbox}`);
};

const logOf = ({ process: { pid } }: VoicemailAsterisk): string =>
  readFileSync(`/proc/${pid}/root/var/log/asterisk/messages.log`, 'utf8');

/** The first new message was played to its end: the prompt behind it is played. */
const untilHeard = async (asterisk: VoicemailAsterisk, mailbox: string): Promise<void> => {
  const from = logOf(asterisk).length;
  const played = new RegExp(`Playing '[^']*/default/${mailbox}/INBOX/msg0000[^]*Playing 'vm-`);
  const heard = async (): Promise<boolean> => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    return played.test(logOf(asterisk).slice(from));
  };
  await until(heard, patience, 'the message was played');
};

/** Somebody calls the mailbox, hears the first new message and hangs up. */
const listen = async (asterisk: VoicemailAsterisk, mailbox: string): Promise<void> => {
  const old = idsIn(asterisk.spool, `default/${mailbox}`, 'Old').length;
  await command(asterisk, `channel originate Local/9${mailbox.slice(1)}@default extension listen@talk`);
  await untilHeard(asterisk, mailbox);
  await command(asterisk, 'channel request hangup all');
  // It stands in Old before it has left INBOX, whose rest is numbered anew: that is done when the call is over.
  await until(
    async () => (await command(asterisk, 'core show channels count')).includes('0 active channels'),
    patience,
    'the call is over',
  );
  await until(
    () =>
      namesIn(asterisk.spool, `default/${mailbox}`, 'Old').filter((name) => name.endsWith('.txt')).length === old + 1,
    patience,
    'the message was heard',
  );
};

const openFiles = ({ process: { pid } }: VoicemailAsterisk): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });

/** What Asterisk itself counts, as `new/old`. */
const counted = async (asterisk: VoicemailAsterisk, mailbox: string): Promise<string> => {
  const { response } = await act(asterisk, 'MailboxCount', { Mailbox: `${mailbox}@default` });
  return `${headerOf(response, 'NewMessages')}/${headerOf(response, 'OldMessages')}`;
};

/** As the files stream does, from one spool to the other. */
const copySpool = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, preserveTimestamps: true, filter: (path) => !/\/(\.|tmp$)/.test(path) });

const taken = async (spool: string): Promise<Manifest> => {
  const manifest = await takeManifest(spool, Date.now());
  assert.ok(manifest.ok);
  return manifest.value;
};

const lockOf = (mode: LockMode) => createLock({ mode });

const mergeInto = async (main: VoicemailAsterisk, source: string, ancestor: Manifest) => {
  const limits = await readMailboxLimits(main.ami);
  const inUse = await readMailboxesInUse(main.ami);
  assert.ok(limits.ok && inUse.ok);
  assert.equal(limits.value.get('default/1000'), 100);
  const merged = await mergeVoicemail({
    spool: main.spool,
    source,
    ancestor,
    serving: 'standby',
    run: 'epoch-3',
    lock: lockOf('lockfile'),
    maxMessages: ({ context, mailbox }) => limits.value.get(`${context}/${mailbox}`) ?? 100,
    inUse: inUse.value,
    refresh: createRefresh(main.ami),
  });
  assert.ok(merged.ok, JSON.stringify(merged));
  return merged.value;
};

inNamespace(import.meta.url, () => {
  const started = new Map<string, Promise<VoicemailAsterisk>>();
  const copy = mkdtempSync(join(tmpdir(), 'dualtone-voicemail-copy-'));
  let root = '';

  /** Each is started by the first test that needs it. */
  const asterisk = (name: 'main' | 'standby' | 'flocking'): Promise<VoicemailAsterisk> => {
    const index = ['main', 'standby', 'flocking'].indexOf(name);
    const starting =
      started.get(name) ??
      startVoicemailAsterisk({
        tree: root,
        managerPort: 5_038 + 100 * index,
        sipPort: 5_060 + 100 * index,
        mailboxes: ['1000', '1001', '1002'],
        lockMode: name === 'flocking' ? 'flock' : 'lockfile',
      });
    started.set(name, starting);
    return starting;
  };

  before(async () => {
    ip('link', 'set', 'lo', 'up');
    const tree = await ensureTree();
    assert.ok(tree.ok, JSON.stringify(tree));
    root = tree.value.root;
  });
  after(async () => {
    await Promise.allSettled([...started.values()].map(async (starting) => (await starting).stop()));
    removeTree(copy);
  });

  test('messages of real calls, heard, deleted and left on the standby, are right on the main, lamps included', async (context) => {
    const [main, standby] = await Promise.all([asterisk('main'), asterisk('standby')]);
    await Promise.all([leave(main, '1000', 4), leave(main, '1001')]);
    // The stream: the standby's Asterisk is told, and a telephone there shows it.
    copySpool(main.spool, standby.spool);
    const there = await openUnsolicitedPhone('1000', standby.sipPort);
    context.after(() => there.close());
    for (const mailbox of ['1000', '1001'])
      assert.ok((await createRefresh(standby.ami)({ context: 'default', mailbox })).ok);
    await until(() => there.lamp() === '4/0', patience, 'the lamp on the standby');
    const ancestor = await taken(standby.spool);
    // The standby serves.
    const ids = idsIn(standby.spool, 'default/1000', 'INBOX');
    await act(standby, 'VoicemailRemove', { Context: 'default', Mailbox: '1000', Folder: 'INBOX', ID: ids[1] ?? '' });
    await listen(standby, '1000');
    await Promise.all([leave(standby, '1000', 2), leave(standby, '1002')]);
    // One that never reached the standby, and the lamps of the main before the merge.
    await leave(main, '1000');
    const [unsolicited, subscribed] = [
      await openUnsolicitedPhone('1000', main.sipPort),
      await openSubscribedPhone('1001', main.sipPort),
    ];
    context.after(() => {
      for (const phone of [unsolicited, subscribed]) phone.close();
    });
    await until(() => unsolicited.lamp() === '5/0' && subscribed.lamp() === '1/0', patience, 'lamps before');
    assert.equal(await counted(main, '1000'), '5/0');
    await act(standby, 'VoicemailRemove', {
      Context: 'default',
      Mailbox: '1001',
      Folder: 'INBOX',
      ID: idsIn(standby.spool, 'default/1001', 'INBOX')[0] ?? '',
    });

    copySpool(standby.spool, copy);
    const report = await mergeInto(main, copy, ancestor);
    assert.deepEqual(report.unsettled, []);
    assert.deepEqual(
      Object.fromEntries(
        [...Map.groupBy(report.done, ({ kind }) => kind)].map(([kind, group]) => [kind, group.length]),
      ),
      { add: 3, delete: 2, move: 1 },
    );
    const toldMs = await until(() => unsolicited.lamp() === '5/1' && subscribed.lamp() === '0/0', patience, 'lamps');
    context.diagnostic(`measured: lamps were right ${toldMs.toFixed(0)} ms after the merge`);
    assert.equal(await counted(main, '1000'), '5/1');
    assert.equal(await counted(main, '1001'), '0/0');
    assert.equal(await counted(main, '1002'), '1/0');
    assert.match(await command(main, 'voicemail show users'), /1000 .* 5\n[\s\S]*1002 .* 1\n/);
    const stream = await main.ami.act(
      'VoicemailBoxSummary',
      [
        ['Context', 'default'],
        ['Mailbox', '1000'],
      ],
      { until: 'VoicemailBoxDetailComplete' },
    );
    const listed = stream.ok ? stream.value.entries.map((entry) => headerOf(entry, 'ID')) : [];
    assert.deepEqual(listed, [
      ...idsIn(main.spool, 'default/1000', 'INBOX'),
      ...idsIn(main.spool, 'default/1000', 'Old'),
    ]);

    // Asterisk goes on where the merge ended, and has nothing to put right.
    await leave(main, '1000');
    await listen(main, '1000');
    assert.equal(await counted(main, '1000'), '5/2');
    assert.doesNotMatch(logOf(main), /[Rr]esequencing|Failed to lock|Unable to (?:create|open)/);

    const again = await mergeInto(main, copy, report.next);
    assert.deepEqual(again.done, []);
    const undone = await undoVoicemailMerge({
      spool: main.spool,
      work: workIn(main.spool),
      run: 'epoch-3',
      lock: lockOf('lockfile'),
    });
    assert.ok(undone.ok, JSON.stringify(undone));
    for (const mailbox of undone.value.changed) assert.ok((await createRefresh(main.ami)(mailbox)).ok);
    await until(() => subscribed.lamp() === '1/0', patience, 'lamp after undo');
    assert.equal((await counted(main, '1002')).split('/')[0], '0');
  });

  test('the lock file: Asterisk waits for us, and we for Asterisk', async (context) => {
    const main = await asterisk('main');
    const lock = lockOf('lockfile');
    await leave(main, '1002', 2);
    const path = join(main.spool, 'default/1002');
    const [inboxFolder, oldFolder] = [openDirectory(join(path, 'INBOX')), openDirectory(makeOld(path))];
    context.after(() => {
      inboxFolder.close();
      oldFolder.close();
    });
    const waits = (folder: string): boolean =>
      readdirSync(join(path, folder)).some((name) => name.startsWith('.lock-'));

    const held = await lock(inboxFolder);
    assert.ok(held.ok);
    const before = inbox(main, '1002').length;
    await command(main, 'channel originate Local/1002@default extension say@talk');
    await until(() => waits('INBOX'), patience, 'Asterisk waits for our lock');
    assert.equal(inbox(main, '1002').length, before);
    held.value.release();
    await until(() => inbox(main, '1002').length === before + 1, patience, 'the message is there');
    await until(() => !existsSync(join(path, 'INBOX/.lock')), patience, 'Asterisk let go');

    // Asterisk holds INBOX while it waits for Old, which is ours.
    await command(main, 'channel originate Local/9002@default extension listen@talk');
    await untilHeard(main, '1002');
    const old = await lock(oldFolder);
    assert.ok(old.ok);
    await command(main, 'channel request hangup all');
    await until(() => waits('Old'), patience, 'Asterisk waits for Old');
    assert.ok(existsSync(join(path, 'INBOX/.lock')));
    const asked = lock(inboxFolder);
    await until(() => waits('INBOX'), patience, 'we wait for INBOX');
    assert.equal(await Promise.race([asked, Promise.resolve('waiting')]), 'waiting');
    old.value.release();
    const got = await asked;
    assert.ok(got.ok, JSON.stringify(got));
    assert.equal(idsIn(main.spool, 'default/1002', 'Old').length, 1);
    got.value.release();
  });

  test('flock: Asterisk waits for us', async (context) => {
    const flocking = await asterisk('flocking');
    await leave(flocking, '1000');
    const folder = openDirectory(join(flocking.spool, 'default/1000/INBOX'));
    context.after(() => folder.close());
    const held = await lockOf('flock')(folder);
    assert.ok(held.ok, JSON.stringify(held));
    await command(flocking, 'channel originate Local/1000@default extension say@talk');
    await until(
      () => openFiles(flocking).some((path) => path.endsWith('/default/1000/INBOX/lock')),
      patience,
      'Asterisk tries the lock',
    );
    assert.equal(inbox(flocking, '1000').length, 1);
    held.value.release();
    await until(() => inbox(flocking, '1000').length === 2, patience, 'the message is there');
    const again = await lockOf('flock')(folder);
    assert.ok(again.ok);
    again.value.release();
  });

  test('files that come from the other node are told to the telephones of a passive node', async (context) => {
    const standby = await asterisk('standby');
    const phone = await openSubscribedPhone('1001', standby.sipPort);
    context.after(() => phone.close());
    await until(() => phone.lamp() !== null, patience, 'the first word');
    const before = inbox(standby, '1001').length;
    await leave(standby, '1000', 2);
    assert.equal(phone.lamp(), `${before}/0`);
    removeTree(join(standby.spool, 'default/1001/INBOX'));
    copySpool(join(standby.spool, 'default/1000/INBOX'), join(standby.spool, 'default/1001/INBOX'));
    assert.ok((await createRefresh(standby.ami)({ context: 'default', mailbox: '1001' })).ok);
    await until(() => phone.lamp() === `${inbox(standby, '1000').length}/0`, patience, 'the lamp');
    assert.deepEqual(await checkRefresh(standby.ami), { ok: true, value: null });
  });
});

const makeOld = (mailbox: string): string => {
  cpSync(join(mailbox, 'tmp'), join(mailbox, 'Old'), { recursive: true });
  return join(mailbox, 'Old');
};
