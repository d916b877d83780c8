/** What the running Asterisk is asked about voicemail, and told: that files changed behind its back. */
import type { AmiConnection } from '../../ami/connection.ts';
import { type AmiMessage, headerOf, numberOf } from '../../ami/message.ts';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import { keyOf, type MailboxName } from './spool.ts';

const refused = (action: string, response: AmiMessage): { readonly ok: false; readonly error: Fault } => {
  const why = (headerOf(response, 'Message') ?? response.name).slice(0, 200);
  return fail(
    'voicemail-refused',
    `Asterisk refused ${action}: ${why}.`,
    'Load app_voicemail, and give the manager user the classes call, reporting, system, user and config in manager.conf.',
  );
};

/**
 * Has Asterisk look into a mailbox and tell its telephones, subscribed or not (`VoicemailRefresh`, tried with 22.10 and 16.28).
 * Needs class `user`. Faults: the connection's, `voicemail-refused`.
 */
export const createRefresh =
  (ami: AmiConnection) =>
  async ({ context, mailbox }: MailboxName): Promise<Result<void>> => {
    const answer = await ami.act('VoicemailRefresh', [
      ['Context', context],
      ['Mailbox', mailbox],
    ]);
    if (!answer.ok) return answer;
    const { response } = answer.value;
    return response.name === 'Success' ? ok(undefined) : refused('VoicemailRefresh', response);
  };

/**
 * Whether `VoicemailRefresh` does anything. Asterisk 16 says Success and does nothing unless `pollmailboxes=yes` (tried with
 * 16.28); 22 always does it. Gives null when it works, else a fault for people: `voicemail-lamps-late`. Needs class `config`.
 */
export const checkRefresh = async (ami: AmiConnection): Promise<Result<Fault | null>> => {
  // The protocol's version of Asterisk 16 is 5.x, of 18 7.x.
  if (Number.parseInt(ami.version, 10) > 6) return ok(null);
  const answer = await ami.act('GetConfig', [
    ['Filename', 'voicemail.conf'],
    ['Category', 'general'],
  ]);
  if (!answer.ok) return answer;
  const { response } = answer.value;
  if (response.name !== 'Success') return refused('GetConfig', response);
  const polls = [...response.valuesByName].some(
    ([name, values]) =>
      name.startsWith('line-') &&
      values.some((value) => /^pollmailboxes=(yes|true|y|t|1|on)$/i.test(value.replaceAll(' ', ''))),
  );
  if (polls) return ok(null);
  const fault = fail(
    'voicemail-lamps-late',
    'This Asterisk does not tell telephones of messages that came from the other node until the mailbox is used.',
    'Set pollmailboxes=yes and pollfreq=3600 in voicemail.conf, and restart app_voicemail.',
  );
  return ok(fault.error);
};

/** `maxmsg` of each mailbox that Asterisk knows, by `context/mailbox`. Needs class `call` or `reporting`. Faults as `createRefresh`. */
export const readMailboxLimits = async (ami: AmiConnection): Promise<Result<ReadonlyMap<string, number>>> => {
  const answer = await ami.act('VoicemailUsersList', [], { until: 'VoicemailUserEntryComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name !== 'Success') {
    // With no mailbox at all it is an error; an Asterisk without app_voicemail does not know the action, and has none either.
    const none = /no voicemail users|unknown command/i.test(headerOf(response, 'Message') ?? '');
    return none ? ok(new Map()) : refused('VoicemailUsersList', response);
  }
  return ok(
    new Map(
      entries.flatMap((entry) => {
        const [context, mailbox] = [headerOf(entry, 'VMContext'), headerOf(entry, 'VoiceMailbox')];
        const most = numberOf(entry, 'MaxMessageCount');
        if (context === undefined || mailbox === undefined || most === undefined || most === 0) return [];
        return [[keyOf({ context, mailbox }), most] as const];
      }),
    ),
  );
};

/** Calls that record a message just now. Needs class `system` or `reporting`. Faults as `createRefresh`. */
export const countRecording = async (ami: AmiConnection): Promise<Result<number>> => {
  const answer = await ami.act('CoreShowChannels', [], { until: 'CoreShowChannelsComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name !== 'Success') return refused('CoreShowChannels', response);
  return ok(entries.filter((entry) => /^(voicemail|record)$/i.test(headerOf(entry, 'Application') ?? '')).length);
};

/**
 * Tells whether somebody listens to a mailbox now: VoiceMailMain remembers messages by number, so that nothing may be
 * renumbered meanwhile. One who has not yet said which mailbox counts for all. Needs class `system` or `reporting`.
 */
export const readMailboxesInUse = async (ami: AmiConnection): Promise<Result<(mailbox: MailboxName) => boolean>> => {
  const answer = await ami.act('CoreShowChannels', [], { until: 'CoreShowChannelsComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name !== 'Success') return refused('CoreShowChannels', response);
  const used = new Set<string>();
  for (const entry of entries) {
    if ((headerOf(entry, 'Application') ?? '').toLowerCase() !== 'voicemailmain') continue;
    const [place = ''] = (headerOf(entry, 'ApplicationData') ?? '').split(',');
    const [mailbox = '', context = 'default'] = place.split('@');
    used.add(mailbox === '' ? '' : keyOf({ context, mailbox }));
  }
  return ok((mailbox) => used.has('') || used.has(keyOf(mailbox)));
};
