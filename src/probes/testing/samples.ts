import type { Sample } from '../../core/event.ts';
import { lateReason, type Report } from '../answer.ts';

/** What a probe reported, and a way to wait for a certain word. */
export interface Reported {
  readonly report: Report;
  readonly samples: Sample[];
  readonly calls: number[];
  /** The first sample from now on that fits. */
  next(fits: (sample: Sample) => boolean): Promise<Sample>;
}

export const collect = (): Reported => {
  const samples: Sample[] = [];
  const calls: number[] = [];
  const waiting: { readonly fits: (sample: Sample) => boolean; readonly resolve: (sample: Sample) => void }[] = [];
  return {
    samples,
    calls,
    report: (sample, count) => {
      samples.push(sample);
      if (count !== undefined) calls.push(count.count);
      for (const waiter of waiting.filter(({ fits }) => fits(sample))) {
        waiting.splice(waiting.indexOf(waiter), 1);
        waiter.resolve(sample);
      }
    },
    next: (fits) => new Promise((resolve) => waiting.push({ fits, resolve })),
  };
};

export const isOk = ({ outcome }: Sample): boolean => outcome === 'ok';
export const isFailed = ({ outcome }: Sample): boolean => outcome === 'failed';
/** A word about the target: not the probe's admission that a busy test machine made it late. */
export const isWord = ({ reason }: Sample): boolean => reason !== lateReason;
export const isSilent = (sample: Sample): boolean => sample.outcome === 'silent' && isWord(sample);
