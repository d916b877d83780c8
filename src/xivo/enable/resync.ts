/** Devices told to read their configuration again, a few at a time, with progress; one that fails keeps no other. */
import { type Fault, ok, type Result } from '../../core/result.ts';
import type { Millis } from '../../core/words.ts';
import type { Provd } from './provd.ts';

export interface ResyncOptions {
  readonly provd: Provd;
  /** Ids of configurations whose devices are meant; null: all that are configured. */
  readonly configs: readonly string[] | null;
  readonly atOnce: number;
  readonly everyMs: Millis;
  /** One device. */
  readonly deviceMs: Millis;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Resynced {
  readonly done: number;
  readonly failed: readonly { readonly device: string; readonly fault: Fault }[];
}

/** Faults: those of the list of devices; of single ones in the result. */
export const resyncDevices = async (options: ResyncOptions): Promise<Result<Resynced>> => {
  const { provd, configs, atOnce, everyMs, deviceMs, signal, onProgress } = options;
  const devices = await provd.devices();
  if (!devices.ok) return devices;
  const wanted = devices.value.filter(({ config }) => config !== null && (configs?.includes(config) ?? true));
  const waiting = [...wanted];
  const failed: { device: string; fault: Fault }[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(deviceMs)]);
      const result = await provd.synchronize(next.id, everyMs, limit);
      if (!result.ok) failed.push({ device: next.id, fault: result.error });
      done += 1;
      onProgress(done, wanted.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, work));
  return ok({ done: done - failed.length, failed });
};
