/** The description that Asterisk writes beside each message (`msg0000.txt`), and what tells one message from another. */
import { hash } from 'node:crypto';

/** What a description says, as far as a merge wants to know. */
export interface Description {
  /** Asterisk's own identity of the message (from version 11 on); null where it has none. */
  readonly messageId: string | null;
  /** Digest of what never changes about a message: who called when, on which channel. */
  readonly facts: string;
  /** Digest of all that it says but `msg_id`, which Asterisk may add later. */
  readonly text: string;
  /** Seconds since 1970; 0 when it does not say. */
  readonly origtime: number;
}

const lasting = ['origmailbox', 'context', 'exten', 'rdnis', 'callerchan', 'callerid', 'origtime'];

/** 60 bits are plenty among the messages of one mailbox. */
export const digestOf = (data: string | Uint8Array): string => hash('sha256', data, 'hex').slice(0, 15);

/** Reads a description; tolerant as Asterisk's own reader: comments, blanks and unknown keys do not matter. Null: it is none. */
export const parseDescription = (text: string): Description | null => {
  const valueByKey = new Map<string, string>();
  let section = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';')) continue;
    if (line.startsWith('[')) {
      section = line;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1 || !section.startsWith('[message]')) continue;
    const start = line[equals + 1] === '>' ? equals + 2 : equals + 1;
    valueByKey.set(line.slice(0, equals).trim().toLowerCase(), line.slice(start).trim());
  }
  if (valueByKey.size === 0) return null;
  const given = valueByKey.get('msg_id') ?? '';
  valueByKey.delete('msg_id');
  const origtime = Number(valueByKey.get('origtime') ?? '0');
  return {
    messageId: /^[\w.@:-]{1,128}$/.test(given) ? given : null,
    facts: digestOf(lasting.map((key) => valueByKey.get(key) ?? '').join('\n')),
    text: digestOf([...valueByKey].map(([key, value]) => `${key}=${value}`).join('\n')),
    origtime: Number.isSafeInteger(origtime) && origtime >= 0 ? origtime : 0,
  };
};

/**
 * The identity of a message within its mailbox. Two servers count `msg_id` on their own, so what never changes goes with it.
 * A message without it is known by that and by its sound.
 */
export const identityOf = ({ messageId, facts }: Description, sound: () => string): string =>
  messageId === null ? `.${facts}.${sound()}` : `${messageId}.${facts}`;

/** The part of an identity that stays when Asterisk gives an old message its `msg_id` later; and whether it had none. */
export const factsOf = (id: string): { readonly facts: string; readonly old: boolean } => {
  const plain = id.replace(/~\d+$/, '');
  const old = plain.startsWith('.');
  return { facts: old ? (plain.split('.')[1] ?? '') : plain.slice(plain.lastIndexOf('.') + 1), old };
};
