/** `dualtone alarms`: the process that tells people, beside the agent that decides. It ends when its input does; a dead one costs no call. */
import { randomBytes } from 'node:crypto';
import { type CheckpointConfig, type Config, isAlarming } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Instant } from '../core/words.ts';
import { createParent } from '../process/parent.ts';
import { systemClock } from '../time/clock.ts';
import { askReceiver } from './channels/http.ts';
import { alarmSettingsOf, channelOf, heartbeatOf, siteOf } from './compose.ts';
import { createEngine, type Engine } from './engine.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import type { AlarmAsk, AlarmList, Facts, FromAlarms, ToAlarms } from './protocol.ts';
import { createAlarmStore } from './store.ts';

/** The agent speaks each second. */
const FRESH_MS = 10_000;
const ALIVE_MS = 5000;

/** Where open alarms and the queue are kept. */
const alarmStatePath = ({ stateDir }: Config | CheckpointConfig): string => `${stateDir}/alarms/state.json`;

/** Why the heartbeat must be silent, null while the agent is healthy. */
const healthOf = (facts: Facts | null, heardAt: Instant, now: Instant): string | null => {
  if (facts === null) return 'the agent has said nothing yet';
  if (facts.kind === 'node' && facts.halted !== null) return 'the agent has halted itself';
  if (now - heardAt > FRESH_MS) return 'the agent is silent';
  return facts.troubles.memory;
};

const createWorks = (config: Config | CheckpointConfig, say: (message: FromAlarms) => void) => {
  let latest: { readonly facts: Facts; readonly at: Instant } | null = null;
  const { alarms } = config;
  const engine: Engine = createEngine({
    settings: alarmSettingsOf(alarms),
    text: (facts) => ({ site: siteOf(config, facts), language: alarms.language }),
    channels: alarms.channels.map(channelOf),
    store: createAlarmStore(alarmStatePath(config)),
    clock: systemClock,
    instance: () => randomBytes(6).toString('hex'),
    onKept: (life, number) => say({ type: 'kept', life, number }),
    onTried: (delivered, data) => say({ type: 'note', kind: delivered ? 'alarm-told' : 'alarm-not-told', data }),
    onSay: (level, code, text) => say({ type: 'say', level, code, text }),
  });
  const settings = heartbeatOf(alarms);
  if (!settings.ok) say({ type: 'say', level: 'warning', code: settings.error.code, text: settings.error.message });
  const health = (): string | null => healthOf(latest?.facts ?? null, latest?.at ?? 0, systemClock.now());
  const heartbeat: Heartbeat | null =
    settings.ok && settings.value !== null ? createHeartbeat(settings.value, systemClock, health, askReceiver) : null;
  const answer = async (ask: AlarmAsk): Promise<Result<unknown>> => {
    if (ask.name === 'alarm-test') return engine.test(ask.channel);
    const list: AlarmList = { ...engine.list(), heartbeat: heartbeat?.status() ?? null };
    return ok(list);
  };
  const take = (message: ToAlarms): void => {
    switch (message.type) {
      case 'facts':
        latest = { facts: message.facts, at: systemClock.now() };
        return engine.facts(message.facts);
      case 'notice':
        return engine.notice(message);
      case 'ask':
        void answer(message.ask).then((result) => say({ type: 'done', id: message.id, result }));
        return;
    }
  };
  return { engine, heartbeat, take };
};

/** Runs until its input ends. Fault: `alarms-off`. */
export const runAlarms = async (config: Config | CheckpointConfig): Promise<Result<void>> => {
  if (!isAlarming(config))
    return fail(
      'alarms-off',
      'No channel of alarms is configured, and no heartbeat.',
      'Configure `alarms`; see docs/alarms.md.',
    );
  const { say, hear } = createParent<ToAlarms, FromAlarms>();
  const { engine, heartbeat, take } = createWorks(config, say);
  engine.start();
  heartbeat?.start();
  const alive = setInterval(() => say({ type: 'alive' }), ALIVE_MS);
  await hear(take, (line) =>
    say({ type: 'say', level: 'warning', code: 'alarms-odd', text: `The agent said: ${line}` }),
  );
  clearInterval(alive);
  await Promise.all([engine.stop(), heartbeat?.stop()]);
  return ok(undefined);
};
