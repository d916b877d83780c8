import type { Look, Sample } from '../core/event.ts';
import type { Instant, Millis } from '../core/words.ts';
import type { CallCount, Clock } from '../ports.ts';
import { type Subject, sampleOf, silent, type WatchedProbe } from './answer.ts';

/** The last word of every probe. */
export interface Board {
  /**
   * Starts all probes. `onUrgent` is called when a crash is reported that the board did not yet show; `onTrouble` for every other
   * failure of telephony, and when one of them is over. `news`: all of telephony was well, or is well again.
   */
  start(onUrgent: (sample: Sample) => void, onTrouble?: (news: boolean) => void): void;
  /** All samples of this moment: one for each subject, `silent` where its last is missing or too old. */
  look(): Look;
  stop(): Promise<void>;
}

interface Post {
  readonly subject: Subject;
  readonly staleAfterMs: Millis;
  last: { readonly sample: Sample; readonly at: Instant } | null;
}

interface State {
  readonly clock: Clock;
  readonly postByName: ReadonlyMap<string, Post>;
  calls: (CallCount & { readonly until: Instant }) | null;
}

/** Keeps the samples of `probes`; two subjects of one name are a mistake of the configuration and throw. */
export const createBoard = (probes: readonly WatchedProbe[], clock: Clock): Board => {
  const postByName = new Map<string, Post>();
  for (const { subjects, staleAfterMs } of probes) {
    for (const subject of subjects) {
      if (postByName.has(subject.probe)) throw new Error(`Two probes are named ${subject.probe}.`);
      postByName.set(subject.probe, { subject, staleAfterMs, last: null });
    }
  }
  const state: State = { clock, postByName, calls: null };
  return {
    start: (onUrgent, onTrouble) => {
      for (const probe of probes) {
        probe.start((sample, calls) =>
          take(state, sample, calls, { onUrgent, onTrouble: onTrouble ?? (() => undefined) }),
        );
      }
    },
    look: () => look(state),
    stop: async () => {
      await Promise.all(probes.map((probe) => probe.stop()));
    },
  };
};

interface Listeners {
  readonly onUrgent: (sample: Sample) => void;
  readonly onTrouble: (news: boolean) => void;
}

const isTrouble = (sample: Sample | undefined): boolean => sample?.about === 'telephony' && sample.outcome === 'failed';

const take = (state: State, sample: Sample, calls: CallCount | undefined, { onUrgent, onTrouble }: Listeners): void => {
  const post = state.postByName.get(sample.probe);
  if (post === undefined) throw new Error(`A probe spoke of ${sample.probe}, which it had not announced.`);
  const at = state.clock.now();
  const known = post.last?.sample.crashed === true;
  const isTroubled = isTrouble(sample);
  // Nearly always nothing is wrong, and nobody else needs to be looked at.
  const wasTroubled = isTrouble(post.last?.sample);
  const concerns = isTroubled || wasTroubled;
  post.last = { sample, at };
  if (calls !== undefined) state.calls = { ...calls, until: at + post.staleAfterMs };
  if (sample.crashed && !known) onUrgent(sample);
  else if (concerns) {
    const others = [...state.postByName.values()].some((each) => each !== post && isTrouble(each.last?.sample));
    onTrouble(!others && isTroubled !== wasTroubled);
  }
};

const look = (state: State): Look => {
  const now = state.clock.now();
  const samples = [...state.postByName.values()].map((post) => sampleNow(post, now));
  const { calls } = state;
  if (calls === null || calls.count < 0 || now > calls.until) return { samples, calls: -1 };
  return { samples, calls: calls.count, callsAgoMs: now - calls.at };
};

const sampleNow = ({ subject, staleAfterMs, last }: Post, now: Instant): Sample => {
  if (last === null) return sampleOf(subject, silent('no answer yet'));
  const ageMs = now - last.at;
  return ageMs <= staleAfterMs
    ? last.sample
    : sampleOf(subject, silent(`its last word is ${Math.round(ageMs)} ms old`));
};
