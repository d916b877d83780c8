/** How a server stands, whatever Dualtone's package does to it: written down before it comes, and compared after it went. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const STANDING = readFileSync(join(import.meta.dirname, 'standing.sh'), 'utf8');

/** For the lab's own programs. */
export const writeStanding: { readonly argv: readonly string[]; readonly input: string } = {
  argv: ['sh', '-s'],
  input: `(\n${STANDING}) > /root/standing-before`,
};
