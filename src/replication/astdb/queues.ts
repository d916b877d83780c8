/** Agents who logged in: `Queue/PersistentMembers` is read only when app_queue loads, so the live queue is told besides. */

import type { AmiConnection } from '../../ami/connection.ts';
import {
  addQueueMember,
  dynamicMembers,
  pauseQueueMember,
  type QueueMember,
  removeQueueMember,
  setQueuePenalty,
} from '../../ami/queue-actions.ts';
import { ok, type Result } from '../../core/result.ts';

const family = 'Queue/PersistentMembers/';

/** The queue whose members a row holds; null for other rows. */
export const queueOf = (key: string): string | null => (key.startsWith(family) ? key.slice(family.length) : null);

/** As app_queue writes it: members parted by `|`, their values by `;` (tried: 16 and 22; older ones write fewer). */
export const readMembers = (value: string): readonly QueueMember[] =>
  value.split('|').flatMap((entry) => {
    const [where = '', penalty = '', paused = '', name = '', stateInterface = '', reason = ''] = entry.split(';');
    if (where === '') return [];
    return [
      {
        interface: where,
        name: name === '' ? where : name,
        stateInterface: stateInterface === '' ? where : stateInterface,
        penalty: Number(penalty) || 0,
        paused: paused === '1',
        reason,
      },
    ];
  });

type Act = (ami: AmiConnection) => Promise<Result<void>>;

const changeOf = (queue: string, have: QueueMember | undefined, want: QueueMember): readonly Act[] => {
  const add: Act = (ami) => addQueueMember(ami, queue, want);
  if (have === undefined) return [add];
  // Asterisk has no way to rename a member.
  if (have.name !== want.name || have.stateInterface !== want.stateInterface) {
    return [(ami) => removeQueueMember(ami, queue, want.interface), add];
  }
  const acts: Act[] = [];
  if (have.penalty !== want.penalty) acts.push((ami) => setQueuePenalty(ami, queue, want));
  const isPausedOtherwise = have.paused !== want.paused || (want.paused && have.reason !== want.reason);
  if (isPausedOtherwise) acts.push((ami) => pauseQueueMember(ami, queue, want));
  return acts;
};

/** What makes of the members that are there those that should be: nobody who stays is taken out in between. */
export const queueActs = (
  queue: string,
  have: readonly QueueMember[],
  want: readonly QueueMember[],
): readonly Act[] => {
  const haveByInterface = new Map(have.map((member) => [member.interface, member]));
  const wanted = new Set(want.map((member) => member.interface));
  return [
    ...have
      .filter((member) => !wanted.has(member.interface))
      .map(
        (member): Act =>
          (ami) =>
            removeQueueMember(ami, queue, member.interface),
      ),
    ...want.flatMap((member) => changeOf(queue, haveByInterface.get(member.interface), member)),
  ];
};

/** What was done, and what Asterisk did not take. */
export interface QueuesDone {
  readonly acts: number;
  readonly fault: string | null;
}

/**
 * Makes the dynamic members of these queues what the rows say (null: no row). Static and realtime members stay, and a queue that
 * this Asterisk does not have is left. Faults: those of the connection.
 */
export const applyQueues = async (
  ami: AmiConnection,
  valueByQueue: ReadonlyMap<string, string | null>,
): Promise<Result<QueuesDone>> => {
  const [only] = valueByQueue.keys();
  const have = await dynamicMembers(ami, valueByQueue.size === 1 && only !== undefined ? only : null);
  if (!have.ok) return rejected(have);
  let acts = 0;
  let fault: string | null = null;
  for (const [queue, value] of valueByQueue) {
    const members = have.value.get(queue);
    if (members === undefined) continue;
    for (const act of queueActs(queue, members, value === null ? [] : readMembers(value))) {
      const done = await act(ami);
      acts += 1;
      if (!done.ok) fault = done.error.message;
    }
  }
  return ok({ acts, fault });
};

/** Without app_queue, or without the permission, the rows alone follow. */
const rejected = (answer: Result<unknown> & { readonly ok: false }): Result<QueuesDone> =>
  answer.error.code === 'ami-refusal' || answer.error.code === 'ami-permission'
    ? ok({ acts: 0, fault: answer.error.message })
    : answer;
