/** The same change for the files of both nodes: shown for both, written on both or on neither, taken back on both. */
import { askOtherSettings } from '../../api/client.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { BothPreview, BothRequest, ConfigChange, ConfigPreview, ConfigView } from '../contract.ts';
import type { ConfigFile } from './config-file.ts';
import type { SettingsAsk, SettingsLook } from './settings-process.ts';

export interface BothFiles {
  /** Nothing changes. Faults: those of either file, `settings-unheard`, `settings-late`, `settings-busy`. */
  preview(changes: readonly ConfigChange[], base: string, by: string): Promise<Result<BothPreview>>;
  /** Faults besides: `config-invalid`, `settings-half` where the other could not be put back. */
  write(request: BothRequest, by: string): Promise<Result<ConfigView>>;
  /** Both files as they were before the last change of each. */
  undo(base: string, by: string): Promise<Result<ConfigView>>;
}

export type AskOther = (by: string, ask: SettingsAsk) => Promise<Result<unknown>>;

const WAIT_MS = 20_000;

export const askOtherBy =
  (socket: string): AskOther =>
  (by, ask) =>
    askOtherSettings(socket, by, ask, WAIT_MS);

const half = (why: string) =>
  fail(
    'settings-half',
    `The other node's file has the change, this one's has not, and it could not be taken back there: ${why}`,
    'Take it back on the page of the other node, or write it here too.',
  );

/** `own`: this node's file; `ask`: the other's. The other's is written first, since it is the one that may be out of reach. */
export const createBothFiles = (own: ConfigFile, ask: AskOther): BothFiles => {
  const look = async (by: string): Promise<Result<SettingsLook>> => {
    const found = await ask(by, { name: 'look' });
    return found.ok ? ok(found.value as SettingsLook) : found;
  };
  const putBack = async (base: string, by: string, why: Result<never>): Promise<Result<never>> => {
    const back = await ask(by, { name: 'undo', base });
    return back.ok ? why : half(back.error.message);
  };
  return {
    preview: async (changes, base, by) => {
      const here = await own.preview(changes, base);
      if (!here.ok) return here;
      const there = await look(by);
      if (!there.ok) return there;
      const shown = await ask(by, { name: 'preview', base: there.value.base, changes: [...changes] as never });
      if (!shown.ok) return shown;
      return ok({ here: here.value, there: shown.value as ConfigPreview, otherBase: there.value.base });
    },
    write: async ({ changes, base, otherBase }, by) => {
      // What would be refused here is refused before anything is written there.
      const here = await own.preview(changes, base);
      if (!here.ok) return here;
      if (here.value.problems.length > 0)
        return fail('config-invalid', 'The configuration would not be valid; nothing was changed.', 'See the preview.');
      const there = await ask(by, { name: 'write', base: otherBase, changes: [...changes] as never });
      if (!there.ok) return there;
      const written = await own.write(changes, base, by);
      return written.ok ? written : putBack((there.value as SettingsLook).base, by, written);
    },
    undo: async (base, by) => {
      const there = await look(by);
      if (!there.ok) return there;
      const gone = await ask(by, { name: 'undo', base: there.value.base });
      if (!gone.ok) return gone;
      const back = await own.undo(base, by);
      return back.ok ? back : putBack((gone.value as SettingsLook).base, by, back);
    },
  };
};
