import type { Result } from '../../src/core/result.ts';
import type { EtcdMemory } from '../etcd/acts.ts';
import type { Mend } from '../faults/fault.ts';
import type { Load } from '../needs.ts';
import type { Pair } from '../pair/pair.ts';
import type { BackupPhone } from '../xivo/backup-phone.ts';
import type { Observers } from './observers.ts';

/** What the deeds of one run leave to be ended. */
export interface Undertaking {
  readonly pair: Pair;
  readonly observers: Observers;
  /** Faults under way, in the order in which they began. */
  readonly mendByName: Map<string, Mend>;
  readonly background: Promise<Result<void>>[];
  readonly calls: string[];
  readonly etcd: EtcdMemory;
  /** Of the lab that it runs in. */
  readonly load?: Load;
  /** Telephones are in calls that no list has. */
  hasManyCalls?: boolean;
  /** The telephone with a backup registrar, once it was begun. */
  backupPhone?: BackupPhone;
  /** How long it was without a registration when it was last looked for, in ms. */
  backupPhoneMs?: number;
  /** The longest pause in the voice of each call that a deed ended, in ms. */
  readonly voicePausesMs: number[];
}
