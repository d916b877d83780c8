import type { Config } from '../config.ts';
import { printDuration } from '../schema/scalars.ts';
import type { Clash } from './clash.ts';

/** What one answer of etcd may take at the least, with a write to its disks. */
const LEAST_ASK_MS = 200;
/** An election of etcd's leader takes a second or two; a lease that outlives it costs no service where a node is alone. */
const ELECTION_MS = 2000;

/** Contradictions about an arbiter in etcd. */
export const etcdClashes = ({ arbiter, timing }: Partial<Config>): readonly Clash[] => {
  if (arbiter?.kind !== 'etcd') return [];
  const clashes: Clash[] = [];
  if ((arbiter.certificateFile === null) !== (arbiter.keyFile === null))
    clashes.push({
      path: ['arbiter', arbiter.keyFile === null ? 'key-file' : 'certificate-file'],
      message: 'a certificate without its key, or a key without its certificate',
      remedy: 'give both files, or neither',
    });
  const twice = arbiter.endpoints.findIndex((each, index) => arbiter.endpoints.indexOf(each) !== index);
  if (twice >= 0)
    clashes.push({
      path: ['arbiter', 'endpoints', twice],
      message: `${arbiter.endpoints[twice]} is given twice`,
      remedy: 'give each member once',
    });
  if (timing !== undefined && timing.askMs < LEAST_ASK_MS)
    clashes.push({
      path: ['timing', 'ask'],
      message: `etcd writes to disk before it answers, and ${printDuration(timing.askMs)} are too short for that`,
      remedy: `set \`preset: etcd\`, or give at least ${LEAST_ASK_MS}ms`,
    });
  return clashes;
};

/** What is allowed and deserves a word. */
export const etcdNotes = ({ arbiter, timing }: Config): readonly string[] => {
  if (arbiter.kind !== 'etcd') return [];
  const notes: string[] = [];
  if (timing.leaseMs < ELECTION_MS)
    notes.push(
      `timing.lease ${printDuration(timing.leaseMs)} is shorter than an election in etcd: a node that is alone then stops; preset etcd has more`,
    );
  if (arbiter.endpoints.length < 3)
    notes.push('arbiter.endpoints names fewer than three members: name all, or the loss of one is the loss of all');
  return notes;
};
