/** A name server that has the zone: asked what it tells, and told what to change, under a key. */
import { randomInt } from 'node:crypto';
import { type Fault, fail, ok, type Result } from '../../core/result.ts';
import { type Bounds, exchange, placeOf, type ServerPlace } from './exchange.ts';
import { type Answer, decodeAnswer, encodeQuestion, encodeUpdate, type RecordSet } from './message.ts';
import { fullName } from './name.ts';
import { CODE_BY_TYPE, type RecordType } from './rdata.ts';
import { isGenuine, readSignature, type Signature, sign, type TsigKey } from './tsig.ts';

const RCODE = { NXDOMAIN: 3, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10 } as const;
const NAME_BY_RCODE: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  4: 'NOTIMP',
  ...Object.fromEntries(Object.entries(RCODE).map(([name, code]) => [code, name])),
};
const BADSIG = 16;
const BADKEY = 17;
const BADTIME = 18;

const malformed = (place: ServerPlace) =>
  fail(
    'dns-malformed',
    `What ${placeOf(place)} answered is no answer to what it was asked.`,
    'See which program answers there at that port.',
  );

const rcodeName = (rcode: number): string => NAME_BY_RCODE[rcode] ?? `code ${rcode}`;

const notServed = (place: ServerPlace, zone: string, rcode: number) => {
  const said = rcode === 0 ? 'it asks others' : rcodeName(rcode);
  return fail(
    'dns-not-authoritative',
    `The name server ${placeOf(place)} does not have ${zone} as its own (${said}).`,
    'Give servers that have the zone under `switches.dns`, not resolvers, and see that they let this node ask.',
  );
};

/** What it tells of one name and type, no resolver between. Faults: those of `exchange`, `dns-malformed`, `dns-not-authoritative`. */
export const lookUp = async (
  place: ServerPlace,
  zone: string,
  name: string,
  type: RecordType,
  bounds: Bounds,
): Promise<Result<RecordSet>> => {
  const id = randomInt(65_536);
  const bytes = await exchange(place, encodeQuestion(id, name, CODE_BY_TYPE[type]), bounds);
  if (!bytes.ok) return bytes;
  const answer = decodeAnswer(bytes.value);
  const asked = answer?.question;
  if (answer?.id !== id || asked?.name !== fullName(name) || asked.type !== CODE_BY_TYPE[type]) return malformed(place);
  const { rcode, authoritative, records } = answer;
  if ((rcode !== 0 && rcode !== RCODE.NXDOMAIN) || !authoritative) return notServed(place, zone, rcode);
  const found = records.filter((each) => each.name === fullName(name) && each.type === type);
  const ttl = Math.max(0, ...found.map((each) => each.ttl));
  return ok({ name: fullName(name), type, ttl, data: found.map(({ data }) => data).toSorted() });
};

const clockFault = ({ signedAt, other }: Signature): { readonly ok: false; readonly error: Fault } => {
  const theirs = other.length === 6 ? other.readUIntBE(0, 6) : null;
  // `signedAt` of such an answer repeats the time of the request.
  const off = theirs === null ? null : signedAt - theirs;
  const how = off === null ? '' : `: this one is ${Math.abs(off)} s ${off > 0 ? 'ahead' : 'behind'}`;
  return fail(
    'dns-clock-off',
    `The clocks of this node and of the name server differ too much for a signature${how}.`,
    'Let both follow a time server (`timedatectl` tells whether this one does).',
  );
};

const keyFault = (place: ServerPlace, key: TsigKey, error: number) =>
  error === BADKEY
    ? fail(
        'dns-key-unknown',
        `The name server ${placeOf(place)} does not know the key ${key.name} with ${key.algorithm}, or not for this zone.`,
        'Give it the text of `switches.dns.key-file` (`include` in named.conf, `key:` in knot.conf), and let that key update the zone.',
      )
    : fail(
        'dns-key-wrong',
        `The name server ${placeOf(place)} has another secret for the key ${key.name}.`,
        'Copy the same key file to this node and to the name server.',
      );

const rcodeFault = (place: ServerPlace, zone: string, key: TsigKey, rcode: number) => {
  switch (rcode) {
    case RCODE.REFUSED:
      return fail(
        'dns-refused',
        `The name server ${placeOf(place)} does not let the key ${key.name} change ${zone}.`,
        'Allow it there: `update-policy` or `allow-update` in BIND, an `acl` with `action: update` in Knot.',
      );
    case RCODE.YXDOMAIN:
      return fail(
        'dns-cname-beside',
        `A name of ${zone} that is to be a CNAME has other data already, and a CNAME cannot stand beside it; nothing was changed.`,
        'See what is there (`dig NAME MX`, and other types), and delete it, or use A and AAAA records.',
      );
    case RCODE.NXDOMAIN:
    case RCODE.YXRRSET:
    case RCODE.NXRRSET:
      return fail(
        'dns-changed-meanwhile',
        `Somebody changed ${zone} between look and update (${rcodeName(rcode)}); nothing was changed.`,
        'It is looked at again; where this goes on, see what else writes these records.',
      );
    case RCODE.NOTAUTH:
    case RCODE.NOTZONE:
      return notServed(place, zone, rcode);
    default:
      return fail(
        'dns-server-failed',
        `The name server ${placeOf(place)} could not update ${zone}: ${rcodeName(rcode)}.`,
        'See its log; a zone that is frozen or signed by hand takes no updates.',
      );
  }
};

const judge = (
  place: ServerPlace,
  zone: string,
  key: TsigKey,
  mac: Buffer,
  bytes: Buffer,
  answer: Answer,
): Result<void> => {
  const signature = answer.tsigAt === null ? null : readSignature(bytes, answer.tsigAt, key);
  const error = signature?.error ?? 0;
  // These two cannot be signed: the server has no secret in common with us.
  if (error === BADKEY || error === BADSIG) return keyFault(place, key, error);
  if (signature === null || answer.tsigAt === null) {
    if (answer.rcode !== 0) return rcodeFault(place, zone, key, answer.rcode);
    return fail(
      'dns-answer-unsigned',
      `The answer of ${placeOf(place)} bears no signature, so that anybody may have made it.`,
      'See that the name server itself answers there, and nothing in between.',
    );
  }
  if (!isGenuine(bytes, answer.tsigAt, signature, key, mac)) return keyFault(place, key, BADSIG);
  if (error === BADTIME) return clockFault(signature);
  return answer.rcode === 0 ? ok(undefined) : rcodeFault(place, zone, key, answer.rcode);
};

export interface Update {
  readonly zone: string;
  /** As they were seen, and must still be. */
  readonly seen: readonly RecordSet[];
  /** What each is to be; empty: only the key, the clock and the right to update are tried. */
  readonly wanted: readonly RecordSet[];
}

/**
 * All of it or nothing. Faults: those of `exchange`, `dns-malformed`, `dns-not-authoritative`, `dns-refused`, `dns-changed-meanwhile`,
 * `dns-server-failed`, `dns-key-unknown`, `dns-key-wrong`, `dns-clock-off`, `dns-answer-unsigned`.
 */
export const update = async (
  place: ServerPlace,
  { zone, seen, wanted }: Update,
  key: TsigKey,
  /** Seconds since 1970. */
  now: number,
  bounds: Bounds,
): Promise<Result<void>> => {
  const id = randomInt(65_536);
  const { bytes, mac } = sign(encodeUpdate(id, zone, seen, wanted), key, now);
  const said = await exchange(place, bytes, bounds);
  if (!said.ok) return said;
  const answer = decodeAnswer(said.value);
  return answer?.id === id ? judge(place, zone, key, mac, said.value, answer) : malformed(place);
};
