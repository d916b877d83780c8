/** `explain`: would it serve now, why, why not, what is missing; and the same for a past decision. */
import type { JournalEntry } from '../../api/protocol.ts';
import type { NodeSnapshot } from '../../api/snapshot.ts';
import { sentenceOf } from '../../core/sentences.ts';
import { isRecord } from '../../core/words.ts';
import type { Style } from './style.ts';
import { span, stamp } from './time.ts';

export const renderExplanation = (snapshot: NodeSnapshot, style: Style): string => {
  const { explanation, protection, node } = snapshot;
  const { text, ifOtherOrThisDied, obstacles, votes, needed } = explanation;
  const level = snapshot.headline.level;
  const lines = [
    style[level](text),
    style[ifOtherOrThisDied.takesOver ? 'good' : 'warning'](ifOtherOrThisDied.text),
    '',
  ];
  if (obstacles.length > 0) {
    lines.push(`What keeps ${node.name} from serving now:`);
    for (const { rule, text: why, inMs } of obstacles) {
      lines.push(`  - ${why}${inMs === null ? '' : ` (for ${span(inMs)} more)`} ${style.faint(`[${rule}]`)}`);
    }
    lines.push('');
  }
  lines.push(
    needed === 0
      ? 'Votes (none is needed):'
      : `Votes (${needed} are a majority, and one must be its own; or the other node's word alone):`,
  );
  for (const { voter, counts, text: said } of votes) {
    lines.push(`  ${counts === 'yes' ? style.good('yes') : style.warning('no ')} ${voter}: ${said}`);
  }
  lines.push('', style[protection.level === 'always' ? 'good' : 'warning'](protection.text));
  for (const reason of protection.reasons) lines.push(`  - ${reason}`);
  if (protection.exceptions.length > 0) lines.push('What is left even so:');
  for (const exception of protection.exceptions) lines.push(`  - ${exception}`);
  return `${lines.join('\n')}\n`;
};

const flat = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(flat).join(', ');
  if (!isRecord(value)) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key} ${flat(item)}`)
    .join(', ');
};

/** One entry of the journal with everything that led to it. */
export const renderPast = (entry: JournalEntry, style: Style): string => {
  const data = isRecord(entry.data) ? entry.data : {};
  const { event, orders, stand } = data;
  const lines = [style.strong(`Entry ${entry.seq}, ${stamp(entry.wall)}, epoch ${entry.epoch}: ${entry.kind}`)];
  if (entry.reasons.length > 0) lines.push('Why:');
  for (const reason of entry.reasons) lines.push(`  - ${sentenceOf(reason)} ${style.faint(`[${reason.rule}]`)}`);
  if (event !== undefined) lines.push(`What happened: ${flat(event)}`);
  if (Array.isArray(orders) && orders.length > 0) lines.push(`What it ordered: ${orders.map(flat).join('; ')}`);
  if (isRecord(stand)) {
    lines.push('How it stood afterwards:');
    for (const [key, value] of Object.entries(stand)) lines.push(`  ${key.padEnd(16)}${flat(value)}`);
  }
  if (event === undefined && stand === undefined) lines.push(flat(entry.data));
  return `${lines.join('\n')}\n`;
};
