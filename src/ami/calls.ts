/** The calls that Asterisk has now, as a person would list them. */
import { fail, ok, type Result } from '../core/result.ts';
import type { AmiAsk, AmiConnection } from './connection.ts';
import { type AmiMessage, headerOf } from './message.ts';

export interface CallLine {
  readonly from: string;
  readonly to: string;
  /** As Asterisk says it: Up, Ringing. */
  readonly state: string;
  /** `00:01:12`. */
  readonly lasted: string;
}

const text = (message: AmiMessage, name: string): string => {
  const value = (headerOf(message, name) ?? '').replace(/\p{Cc}+/gu, ' ').slice(0, 80);
  return value === '<unknown>' ? '' : value;
};

/** Channels of one call have one name in common, that of the channel that began it; Asterisk lists them in any order. */
const callOf = (channels: readonly AmiMessage[]): CallLine | null => {
  const first = channels.find((each) => text(each, 'Uniqueid') === text(each, 'Linkedid')) ?? channels[0];
  if (first === undefined) return null;
  return {
    from: text(first, 'CallerIDNum') || text(first, 'Channel'),
    to: text(first, 'Exten') || text(first, 'ConnectedLineNum') || '?',
    state: text(first, 'ChannelStateDesc'),
    lasted: text(first, 'Duration'),
  };
};

/** `CoreShowChannels`. Needs class `system` or `reporting`. Faults: those of `act`, `ami-refusal`. */
export const listCalls = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<readonly CallLine[]>> => {
  const answer = await ami.act('CoreShowChannels', [], { ...ask, until: 'CoreShowChannelsComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name !== 'Success')
    return fail(
      'ami-refusal',
      'Asterisk refused CoreShowChannels.',
      'Give the manager user the class system or reporting.',
    );
  const byCall = Map.groupBy(entries, (entry) => text(entry, 'Linkedid') || text(entry, 'Channel'));
  return ok([...byCall.values()].map(callOf).filter((call) => call !== null));
};
