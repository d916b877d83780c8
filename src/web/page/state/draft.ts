/** What a person has filled in of the settings, and how it becomes a change. Pure. */
import type { ConfigChange, EditableSetting, SettingValue } from '../../contract.ts';

/** By path: the text of the field; null: back to what counts without the key. */
export type SettingsDraft = Readonly<Record<string, string | null>>;

export const shownValue = (value: SettingValue): string =>
  typeof value === 'object' ? value.join(', ') : String(value);

const listOf = (text: string): readonly string[] => text.split(/[\s,]+/).filter((each) => each !== '');

/** What is no number stays text: the node then says what is wrong with it, and where. */
const filledIn = ({ kind }: EditableSetting, text: string): SettingValue => {
  if (kind === 'names') return listOf(text);
  if (kind === 'flag') return text === 'true';
  return kind === 'number' && /^\d{1,9}$/.test(text.trim()) ? Number(text) : text.trim();
};

/** Only what differs from the file. */
export const changesOf = (settings: readonly EditableSetting[], draft: SettingsDraft): readonly ConfigChange[] =>
  settings.flatMap((setting): readonly ConfigChange[] => {
    const text = draft[setting.path];
    if (text === undefined) return [];
    if (text === null) return setting.source === 'file' ? [{ path: setting.path, value: null }] : [];
    const value = filledIn(setting, text);
    return shownValue(value) === shownValue(setting.value) ? [] : [{ path: setting.path, value }];
  });

const MARK = '?draft=';

/** The same draft for the page of the other node: an address, nothing is done by opening it. */
export const draftAddress = (page: string, draft: SettingsDraft): string =>
  `${page.replace(/#.*$/, '')}#/settings${MARK}${encodeURIComponent(JSON.stringify(draft))}`;

/** The draft in an address; empty where there is none or it is odd. */
export const draftIn = (hash: string): SettingsDraft => {
  const at = hash.indexOf(MARK);
  if (at < 0 || hash.length > 8000) return {};
  try {
    const read: unknown = JSON.parse(decodeURIComponent(hash.slice(at + MARK.length)));
    if (typeof read !== 'object' || read === null || Array.isArray(read)) return {};
    const entries = Object.entries(read).filter(([, value]) => value === null || typeof value === 'string');
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
};
