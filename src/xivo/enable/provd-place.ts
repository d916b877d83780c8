/** Where the provisioning server was reached when it was enabled, where that is not its usual place: so disabling and the checks find it again. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, ok, type Result } from '../../core/result.ts';
import { readText, replaceFile } from '../../files/replace.ts';

export interface ProvdPlace {
  readonly url: string;
  /** Its token is in this file, and not in ours; null: it asks for none. */
  readonly tokenFile: string | null;
}

/** Below Dualtone's state, beside the record of changes. */
export const provdPlaceFile = (stateDir: string): string => join(stateDir, 'xivo-provd.json');

const odd = (file: string) =>
  fail(
    'xivo-provd-place-odd',
    `${file} does not say where the provisioning server is.`,
    'Give --provd, or take it out.',
  );

const parsed = (text: string): ProvdPlace | null => {
  try {
    const { url, tokenFile } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof url !== 'string' || !URL.canParse(url)) return null;
    return tokenFile === null || typeof tokenFile === 'string' ? { url, tokenFile } : null;
  } catch {
    return null;
  }
};

/** Null: at its usual place. Faults: `xivo-provd-place-odd`, `file-unreadable`. */
export const readProvdPlace = (file: string): Result<ProvdPlace | null> => {
  const text = readText(file);
  if (!text.ok) return text;
  if (text.value === null) return ok(null);
  const place = parsed(text.value);
  return place === null ? odd(file) : ok(place);
};

/** Null: at its usual place from now on, or nowhere. Fault: `file-not-written`. */
export const keepProvdPlace = (file: string, place: ProvdPlace | null): Result<void> => {
  if (place === null) {
    rmSync(file, { force: true });
    return ok(undefined);
  }
  // Before the machine has a pair there may be none.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  return replaceFile(file, `${JSON.stringify(place)}\n`, 0o600);
};
