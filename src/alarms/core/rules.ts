/** Which rule an alarm falls under. */
import type { AlarmSettings, Rule, Severity } from './words.ts';

/** `*` stands for any letters; everything else for itself. */
export const fits = (pattern: string, code: string): boolean => {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return pattern === code;
  const last = parts.at(-1) ?? '';
  if (!code.startsWith(first) || !code.endsWith(last) || code.length < first.length + last.length) return false;
  let rest = code.slice(first.length, code.length - last.length);
  for (const part of parts.slice(1, -1)) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return true;
};

/** The first rule that fits; null: nobody hears of it. A channel is not asked to tell of its own failure. */
export const ruleFor = (
  settings: AlarmSettings,
  cause: { readonly code: string; readonly object: string; readonly severity: Severity },
): Rule | null => {
  const rule = settings.rules.find(
    ({ severities, codes }) =>
      severities.includes(cause.severity) && codes.some((pattern) => fits(pattern, cause.code)),
  );
  if (rule === undefined) return null;
  const channels = rule.channels.filter(
    (name) => settings.channels.includes(name) && !(cause.code === 'channel-failing' && cause.object === name),
  );
  return channels.length === 0 ? null : { ...rule, channels };
};
