/** How far a run is, in a line. */
import type { StreamProgress } from '../../replication/stream.ts';
import { printable } from './printable.ts';

const LENGTH = 24;
const MOST_NAME = 50;

/** `[============            ] userfeatures 3/6`; without a total what it does alone. */
export const barLine = ({ what, done, total }: StreamProgress): string => {
  const name = printable(what).slice(0, MOST_NAME);
  if (total === null) return name;
  const share = total === 0 ? 0 : Math.min(1, done / total);
  return `[${'='.repeat(Math.round(share * LENGTH)).padEnd(LENGTH)}] ${name} ${done}/${total}`;
};
