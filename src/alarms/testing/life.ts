import { decideAlarms, dueOf } from '../core/decide.ts';
import {
  type AlarmEvent,
  type AlarmSettings,
  type AlarmsState,
  emptyAlarms,
  type Facts,
  type Outgoing,
} from '../core/words.ts';
import { alarmSettings, WALL } from './facts.ts';

type Made<T> = T extends unknown ? Omit<T, 'at' | 'wall'> : never;

/** A life of the reducer in simulated seconds; every message is delivered at once unless `fails` says otherwise. */
export const life = (settings: AlarmSettings = alarmSettings()) => {
  let state: AlarmsState = emptyAlarms('t');
  let now = 0;
  let number = 0;
  const sent: { readonly channel: string; readonly message: Outgoing }[] = [];
  const fails = new Map<string, 'failed' | 'refused'>();
  const give = (event: Made<AlarmEvent>): void => {
    state = decideAlarms(settings, state, { ...event, at: now, wall: WALL + now });
    for (const channel of dueOf(settings, state)) {
      const message = state.channelByName[channel]?.outbox;
      if (message === null || message === undefined) continue;
      const outcome = fails.get(channel) ?? ('delivered' as const);
      if (outcome === 'delivered') sent.push({ channel, message });
      const tried = { kind: 'tried' as const, channel, id: message.id, outcome, why: outcome };
      state = decideAlarms(settings, state, { ...tried, at: now, wall: WALL + now });
    }
  };
  return {
    sent,
    fails,
    state: () => state,
    items: (channel = 'mail') =>
      sent.filter((each) => each.channel === channel).flatMap(({ message }) => message.items),
    /** So many seconds, with these facts each second. */
    pass: (seconds: number, facts: Facts | null) => {
      for (let second = 0; second < seconds; second += 1) {
        now += 1000;
        if (facts === null) give({ kind: 'tick' });
        else give({ kind: 'facts', facts });
      }
    },
    notice: (level: 'info' | 'warning' | 'alarm', code: string, text: string) => {
      number += 1;
      give({ kind: 'notice', life: 1, number, level, code, text });
    },
  };
};
