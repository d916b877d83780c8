/** The pair's value in etcd as text: whose it is, its version, and the record; strict to read. */
import type { EtcdRecord } from '../core/arbiter/etcd-record.ts';
import { fields, flag, orders, ROLES, release, status, whole, word } from './message-codec.ts';

const VERSION = 1;

const promise = (value: unknown): NonNullable<EtcdRecord['promise']> => {
  const from = fields(value, 3);
  return { holder: word(from['holder'], ROLES), epoch: whole(from['epoch']), restarts: flag(from['restarts']) };
};

const orNull = <T>(value: unknown, read: (value: unknown) => T): T | null => (value === null ? null : read(value));

const record = (value: unknown): EtcdRecord => {
  const from = fields(value, 11);
  return {
    stamp: whole(from['stamp']),
    promise: orNull(from['promise'], promise),
    highest: whole(from['highest']),
    releasedMain: whole(from['releasedMain']),
    releasedStandby: whole(from['releasedStandby']),
    heldOpenBy: orNull(from['heldOpenBy'], (role) => word(role, ROLES)),
    orders: orders(from['orders']),
    wall: whole(from['wall']),
    handed: orNull(from['handed'], release),
    main: orNull(from['main'], status),
    standby: orNull(from['standby'], status),
  };
};

/** `pair`: whose value it is, in words that a person may read. */
export const encodeEtcdValue = (pair: string, value: EtcdRecord): string =>
  JSON.stringify({ dualtone: VERSION, pair, record: value });

/** The pair's record, or `foreign` where it is another's, of another version, or odd in any way. Never throws. */
export const decodeEtcdValue = (pair: string, text: string): EtcdRecord | 'foreign' => {
  try {
    const from = fields(JSON.parse(text), 3);
    if (from['dualtone'] !== VERSION || from['pair'] !== pair) return 'foreign';
    return record(from['record']);
  } catch {
    return 'foreign';
  }
};
