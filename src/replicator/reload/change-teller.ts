/** Tells the other node what a run changed there, so that it reloads what caches it; what could not be told is told later. */
import type { Millis } from '../../core/words.ts';
import type { Clock } from '../../ports.ts';
import type { Talk } from '../../replication/talk.ts';
import type { Changed } from './reload.ts';

export interface ChangeTeller {
  tell(what: Partial<Changed>): void;
  stop(): void;
}

const ASK_MS: Millis = 10_000;
const AGAIN_MS: Millis = 10_000;
const LATER: ReadonlySet<string> = new Set(['peer-not-connected', 'peer-no-answer']);
/** More are not told of at once; who waits for more than so many has all reloaded by them. */
const MOST_NAMES = 2000;

/** The other side says itself what it reloaded; here it is enough that it was told. */
export const createChangeTeller = (talk: Talk, clock: Clock): ChangeTeller => {
  const tables = new Set<string>();
  const files = new Set<string>();
  let telling = false;
  const stopping = new AbortController();
  let cancel = (): void => undefined;
  const send = async (): Promise<void> => {
    cancel();
    if (telling) return;
    telling = true;
    while (tables.size + files.size > 0 && !stopping.signal.aborted) {
      const what: Changed = { tables: [...tables].slice(0, MOST_NAMES), files: [...files].slice(0, MOST_NAMES) };
      const told = await talk.ask('changed', what, ASK_MS);
      if (!told.ok && LATER.has(told.error.code)) break;
      // Told, or not understood there, today nor tomorrow.
      for (const name of what.tables) tables.delete(name);
      for (const name of what.files) files.delete(name);
    }
    telling = false;
    if (tables.size + files.size > 0 && !stopping.signal.aborted)
      cancel = clock.at(clock.now() + AGAIN_MS, () => void send());
  };
  return {
    tell: (what) => {
      for (const name of what.tables ?? []) tables.add(name);
      for (const name of what.files ?? []) files.add(name);
      void send();
    },
    stop: () => {
      stopping.abort();
      cancel();
    },
  };
};
