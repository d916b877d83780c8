/** What etcd's JSON gateway says and hears: keys and values in base64, numbers of 64 bits as texts, and what is false or 0 left out. */
import { fail, ok, type Result } from '../core/result.ts';
import { type Fields, isRecord } from '../core/words.ts';

/** One key as it stands. */
export interface EtcdKey {
  /** Revision of its last change, 0 where it is not there. */
  readonly revision: number;
  readonly value: string | null;
}

export interface EtcdTold {
  /** The cluster's number, in digits. */
  readonly cluster: string;
  /** The put was carried out. */
  readonly isPut: boolean;
  readonly key: EtcdKey;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** A number of 64 bits, where it is one that can be counted with. */
const whole = (value: unknown): number | null => {
  if (value === undefined) return 0;
  if (typeof value !== 'string' || !/^\d{1,16}$/.test(value)) return null;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
};

const malformed = (what: string) =>
  fail(
    'etcd-malformed',
    `etcd’s answer is not as its JSON gateway gives it: ${what}.`,
    'See that `arbiter.endpoints` are the client ports of etcd 3.4 or newer, with nothing between that changes answers.',
  );

/** Reads the key; linearizable: what a majority knows. */
export const rangeBody = (key: string): object => ({ key: base64(key) });

/** Puts the value where the key's revision is still this one (0: it is not there); else reads it. */
export const putBody = (key: string, value: string, ifRevision: number): object => ({
  compare: [{ key: base64(key), target: 'MOD', result: 'EQUAL', mod_revision: String(ifRevision) }],
  success: [{ request_put: { key: base64(key), value: base64(value) } }],
  failure: [{ request_range: { key: base64(key) } }],
});

export const deleteBody = (key: string): object => ({ key: base64(key) });

const clusterOf = (answer: Fields): string | null => {
  const header = answer['header'];
  const cluster = isRecord(header) ? header['cluster_id'] : null;
  return typeof cluster === 'string' && /^\d{1,20}$/.test(cluster) ? cluster : null;
};

/** The one key of a range; null: it is odd. */
const keyOf = (range: Fields): EtcdKey | null => {
  const kvs = range['kvs'];
  if (kvs === undefined) return { revision: 0, value: null };
  const [kv] = Array.isArray(kvs) && kvs.length === 1 ? (kvs as unknown[]) : [];
  if (!isRecord(kv)) return null;
  const revision = whole(kv['mod_revision']);
  const value = kv['value'] ?? '';
  if (revision === null || revision === 0 || typeof value !== 'string') return null;
  return { revision, value: Buffer.from(value, 'base64').toString('utf8') };
};

/** Fault: `etcd-malformed`. */
export const readRange = (answer: unknown): Result<EtcdTold> => {
  if (!isRecord(answer)) return malformed('no object');
  const cluster = clusterOf(answer);
  if (cluster === null) return malformed('no cluster in its header');
  const key = keyOf(answer);
  return key === null ? malformed('the key that was asked for') : ok({ cluster, isPut: false, key });
};

/** Fault: `etcd-malformed`. `value`: what was to be put. */
export const readPut = (answer: unknown, value: string): Result<EtcdTold> => {
  if (!isRecord(answer)) return malformed('no object');
  const cluster = clusterOf(answer);
  if (cluster === null) return malformed('no cluster in its header');
  const [response] = Array.isArray(answer['responses']) ? (answer['responses'] as unknown[]) : [];
  if (!isRecord(response)) return malformed('no response to the transaction');
  if (answer['succeeded'] === true) {
    const header = answer['header'];
    const revision = isRecord(header) ? whole(header['revision']) : null;
    if (revision === null || revision === 0 || !isRecord(response['response_put']))
      return malformed('a put without its revision');
    return ok({ cluster, isPut: true, key: { revision, value } });
  }
  const range = response['response_range'];
  const key = isRecord(range) ? keyOf(range) : null;
  return key === null ? malformed('the key that stands there') : ok({ cluster, isPut: false, key });
};

/** Fault: `etcd-malformed`. */
export const readToken = (answer: unknown): Result<string> => {
  const token = isRecord(answer) ? answer['token'] : null;
  return typeof token === 'string' && /^[\x21-\x7e]{1,4096}$/.test(token) ? ok(token) : malformed('no token');
};

export interface EtcdHealth {
  readonly cluster: string;
  readonly version: string;
  readonly hasLeader: boolean;
  /** It is the leader itself. */
  readonly leads: boolean;
  readonly sizeBytes: number;
  /** What it complains of, such as NOSPACE. */
  readonly errors: readonly string[];
}

/** Of `maintenance/status`. Fault: `etcd-malformed`. */
export const readHealth = (answer: unknown): Result<EtcdHealth> => {
  if (!isRecord(answer)) return malformed('no object');
  const cluster = clusterOf(answer);
  if (cluster === null) return malformed('no cluster in its header');
  const errors: unknown = answer['errors'];
  const size = whole(answer['dbSize']);
  const leader = typeof answer['leader'] === 'string' ? answer['leader'] : '0';
  const header = answer['header'];
  return ok({
    cluster,
    leads: isRecord(header) && header['member_id'] === leader,
    version: typeof answer['version'] === 'string' ? answer['version'] : 'unknown',
    hasLeader: leader !== '0',
    sizeBytes: size ?? 0,
    errors: Array.isArray(errors) ? errors.filter((each) => typeof each === 'string') : [],
  });
};

/** A cluster's number in digits, however it was written. */
export const clusterNumber = (id: string): string => (id.length <= 16 ? BigInt(`0x${id}`).toString() : id);
