/** XiVO's own sender of the same events: never both at once. */
import { readFileSync } from 'node:fs';
import { fail, ok, type Result } from '../core/result.ts';

/** Where XiVO's containers are told what to do. */
const CUSTOM_ENV = '/etc/docker/xivo/custom.env';

/** What turns it on. Quoted or not, as compose reads it. */
const KEYS = ['REPORTING_DB_HOST', 'ELASTICSEARCH'];

const settingOf = (text: string, key: string): string => {
  const lines = text.split('\n').map((line) => line.trim());
  const line = lines.findLast((each) => each.startsWith(`${key}=`)) ?? `${key}=`;
  return line
    .slice(key.length + 1)
    .replaceAll(/^["']|["']$/g, '')
    .trim();
};

/** Fault: `reporting-two-senders`. A file that is not there or not readable turns nothing on. */
export const refuseDbReplic = (path: string = CUSTOM_ENV): Result<null> => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return ok(null);
  }
  const key = KEYS.find((each) => settingOf(text, each) !== '');
  if (key === undefined) return ok(null);
  return fail(
    'reporting-two-senders',
    `XiVO's DB Replic sends the same events from this node: ${path} has ${key}.`,
    'Let one of them do it: empty the key and restart its containers, or leave `reporting` out; docs/reporting.md tells which.',
  );
};
