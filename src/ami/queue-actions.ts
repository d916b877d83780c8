/** Members of queues through the manager. The actions that change them need class `agent`. */
import { fail, ok, type Result } from '../core/result.ts';
import type { AmiAsk, AmiConnection } from './connection.ts';
import { type AmiHeader, headerOf } from './message.ts';

/** A member that was added at run time. */
export interface QueueMember {
  readonly interface: string;
  readonly name: string;
  readonly stateInterface: string;
  readonly penalty: number;
  readonly paused: boolean;
  readonly reason: string;
}

/** The dynamic members of each queue that Asterisk has, by the queue's name; with `queue` of that one only. */
export const dynamicMembers = async (
  ami: AmiConnection,
  queue: string | null,
  ask: AmiAsk = {},
): Promise<Result<ReadonlyMap<string, readonly QueueMember[]>>> => {
  const headers: AmiHeader[] = queue === null ? [] : [['Queue', queue]];
  const answer = await ami.act('QueueStatus', headers, { ...ask, until: 'QueueStatusComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name !== 'Success') return refusal('QueueStatus', headerOf(response, 'Message'));
  const membersByQueue = new Map<string, QueueMember[]>();
  for (const entry of entries) {
    const of = (name: string): string => headerOf(entry, name) ?? '';
    const members = membersByQueue.get(of('Queue')) ?? [];
    membersByQueue.set(of('Queue'), members);
    if (entry.name !== 'QueueMember' || of('Membership') !== 'dynamic') continue;
    members.push({
      interface: of('Location'),
      name: of('Name'),
      stateInterface: of('StateInterface'),
      penalty: Number(of('Penalty')) || 0,
      paused: of('Paused') === '1',
      reason: of('PausedReason'),
    });
  }
  return ok(membersByQueue);
};

const refusal = (action: string, why = 'no reason given'): Result<never> => {
  const denied = /permission denied/i.test(why);
  return fail(
    denied ? 'ami-permission' : 'ami-refusal',
    `Asterisk refused ${action}: ${why.slice(0, 200)}.`,
    denied ? 'Give the manager user the needed class in manager.conf.' : 'Look at the Asterisk log.',
  );
};

const told = async (
  ami: AmiConnection,
  action: string,
  headers: readonly AmiHeader[],
  ask: AmiAsk,
): Promise<Result<void>> => {
  const answer = await ami.act(action, headers, ask);
  if (!answer.ok) return answer;
  const { response } = answer.value;
  return response.name === 'Success' ? ok(undefined) : refusal(action, headerOf(response, 'Message'));
};

/** Faults of these four: as `act`, `ami-permission`, `ami-refusal` (no such queue, no such member, there already). */
export const addQueueMember = (
  ami: AmiConnection,
  queue: string,
  member: QueueMember,
  ask: AmiAsk = {},
): Promise<Result<void>> =>
  told(
    ami,
    'QueueAdd',
    [
      ['Queue', queue],
      ['Interface', member.interface],
      ['MemberName', member.name],
      ['StateInterface', member.stateInterface],
      ['Penalty', String(member.penalty)],
      ['Paused', member.paused ? '1' : '0'],
      ['Reason', member.reason],
    ],
    ask,
  );

export const removeQueueMember = (
  ami: AmiConnection,
  queue: string,
  from: string,
  ask: AmiAsk = {},
): Promise<Result<void>> =>
  told(
    ami,
    'QueueRemove',
    [
      ['Queue', queue],
      ['Interface', from],
    ],
    ask,
  );

export const pauseQueueMember = (
  ami: AmiConnection,
  queue: string,
  member: QueueMember,
  ask: AmiAsk = {},
): Promise<Result<void>> =>
  told(
    ami,
    'QueuePause',
    [
      ['Queue', queue],
      ['Interface', member.interface],
      ['Paused', String(member.paused)],
      ['Reason', member.reason],
    ],
    ask,
  );

export const setQueuePenalty = (
  ami: AmiConnection,
  queue: string,
  member: QueueMember,
  ask: AmiAsk = {},
): Promise<Result<void>> =>
  told(
    ami,
    'QueuePenalty',
    [
      ['Queue', queue],
      ['Interface', member.interface],
      ['Penalty', String(member.penalty)],
    ],
    ask,
  );
