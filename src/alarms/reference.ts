/** The last part of docs/alarms.md: each alarm, and what to do, as the mail says it. Run as a program it brings the page up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Phrase, phrasesEn } from './core/phrases-en.ts';

export const BEGIN = '<!-- from here on written by `node src/alarms/reference.ts` -->';

const HEAD = `## Each alarm, and what to do

As the mail says it, where pbx1 tells of pbx2. The detail between the two, and the names, are those of the day.
`;

/** What stands in the holes of a phrase. */
const EXAMPLES: Readonly<Record<string, string>> = {
  self: 'pbx1',
  name: 'pbx1',
  where: 'pbx1',
  peer: 'pbx2',
  peerRole: 'standby',
  object: '…',
};

const filled = (text: string): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, hole: string) => EXAMPLES[hole] ?? '…').replaceAll('|', '\\|');

/** Topics whose code has another name: one condition, told in several ways. */
const CODE_BY_TOPIC: Readonly<Record<string, string>> = {
  'telephony-down-passive': 'telephony-down',
  'other-silent-serving': 'other-silent',
  'checkpoint-silent-all': 'checkpoint-silent',
  'etcd-silent': 'checkpoint-silent',
  'agent-stalled-checkpoint': 'agent-stalled',
  'service-handed': 'service-taken-over',
  'service-ordered': 'service-moved',
};

const isPhrase = (key: string): key is Phrase => key in phrasesEn;

/** `[code, title, what to do]`; of notices the title is the agent's own. */
const rows = (): readonly (readonly [string, string, string])[] => {
  const topics = Object.keys(phrasesEn).flatMap((key) => {
    const topic = /^(.*)\.next$/.exec(key)?.[1];
    const title = `${topic}.title`;
    if (topic === undefined || topic === 'test' || !isPhrase(title) || !isPhrase(key)) return [];
    return [[CODE_BY_TOPIC[topic] ?? topic, filled(phrasesEn[title]), filled(phrasesEn[key])] as const];
  });
  const notices = Object.keys(phrasesEn).flatMap((key) => {
    const code = /^notice\.(?!next$)(.*)$/.exec(key)?.[1];
    return code === undefined || !isPhrase(key) ? [] : [[code, '', filled(phrasesEn[key])] as const];
  });
  const others = ['all others', '', filled(phrasesEn['notice.next'])] as const;
  return [...topics, ...notices, others];
};

/** The part of the page that follows from the phrases. */
export const reference = (): string => {
  const lines = rows().map(
    ([code, title, next]) => `| ${code === 'all others' ? code : `\`${code}\``} | ${title} | ${next} |`,
  );
  const table = [...new Set(lines)].join('\n');
  return `${BEGIN}\n\n${HEAD}\n| code | says | do |\n|---|---|---|\n${table}\n`;
};

if (import.meta.main) {
  const path = new URL('../../docs/alarms.md', import.meta.url);
  const [head = ''] = readFileSync(path, 'utf8').split(BEGIN);
  writeFileSync(path, `${head.trimEnd()}\n\n${reference()}`);
}
