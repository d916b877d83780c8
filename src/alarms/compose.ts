/** From the `alarms` section of a node's or a checkpoint's file to channels, rules and the heartbeat. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { AlarmsConfig, CheckpointConfig, Config } from '../config/config.ts';
import { fail, messageOf, ok, type Result } from '../core/result.ts';
import { run } from '../process/run.ts';
import type { Channel } from './channel.ts';
import { createCommandChannel } from './channels/command.ts';
import { createEmailChannel } from './channels/email.ts';
import { createSyslogChannel } from './channels/syslog.ts';
import { createWebhookChannel } from './channels/webhook.ts';
import type { AlarmSettings, Facts, Rule } from './core/words.ts';
import type { HeartbeatSettings } from './heartbeat.ts';
import { readAlarmSecret } from './secret.ts';

type ChannelConfig = AlarmsConfig['channels'][number];

const secretOf = (source: string | null): (() => Result<string>) | null =>
  source === null ? null : () => readAlarmSecret(source);

/** An address in the file itself, or in a file of its own. */
const urlOf = (url: string | null, urlFile: string | null) => (): Result<string> => {
  if (url !== null) return ok(url);
  const read = readAlarmSecret(urlFile ?? '');
  if (!read.ok) return read;
  const text = read.value.trim();
  return /^https?:\/\/[^\s/]+/.test(text) && URL.canParse(text)
    ? ok(text)
    : fail('alarm-url-odd', `${urlFile ?? ''} does not hold an address.`, 'Write one line into it: https://….');
};

export const channelOf = (config: ChannelConfig): Channel => {
  const host = hostname();
  switch (config.kind) {
    case 'email': {
      const { passwordFile, ...rest } = config;
      return createEmailChannel({ ...rest, password: secretOf(passwordFile), hostname: host });
    }
    case 'webhook': {
      const { name, url, urlFile, keyFile, caFile, timeoutMs } = config;
      const settings = { name, url: urlOf(url, urlFile), key: secretOf(keyFile), caFile, timeoutMs };
      return createWebhookChannel(settings, () => Date.now());
    }
    case 'syslog':
      return createSyslogChannel({ ...config, hostname: host }, run);
    case 'command':
      return createCommandChannel({ name: config.name, argv: config.run, timeoutMs: config.timeoutMs }, run);
  }
};

const ALL = ['info', 'warning', 'alarm'] as const;

/** Where the file has none: alarms and warnings, and who serves; the rest is in the journal. */
const usualRules = ({ groupMs, repeatMs }: AlarmsConfig, channels: readonly string[]): readonly Rule[] => [
  { severities: ALL, codes: ['service-*'], channels, groupMs, repeatMs: null, recovery: true },
  { severities: ['warning', 'alarm'], codes: ['*'], channels, groupMs, repeatMs, recovery: true },
];

const least = (severity: Rule['severities'][number]): readonly Rule['severities'][number][] =>
  ALL.slice(ALL.indexOf(severity));

export const alarmSettingsOf = (alarms: AlarmsConfig): AlarmSettings => {
  const channels = alarms.channels.map(({ name }) => name);
  const rules = alarms.rules.map(
    (rule): Rule => ({
      severities: least(rule.severity),
      codes: rule.codes,
      channels: rule.channels ?? channels,
      groupMs: rule.groupMs ?? alarms.groupMs,
      repeatMs: rule.repeat === 'never' ? null : (rule.repeatAfterMs ?? alarms.repeatMs),
      recovery: rule.recovery,
    }),
  );
  return {
    channels,
    rules: rules.length === 0 ? usualRules(alarms, channels) : rules,
    language: alarms.language,
    silentMs: alarms.silentMs,
    settleMs: alarms.settleMs,
  };
};

/** What the pair is called in subjects: by the names that the agent knows now, since after `rejoin` the other node is another machine. */
export const siteOf = (config: Config | CheckpointConfig, facts: Facts | null): string => {
  if (config.alarms.site !== null) return config.alarms.site;
  if (!('node' in config)) return 'Dualtone';
  const { node } = config;
  const peer = facts?.kind === 'node' ? facts.peer : config.peer;
  return node.role === 'main' ? `${node.name}/${peer.name}` : `${peer.name}/${node.name}`;
};

/** Null where none is configured. Fault: `alarm-ca-unreadable`. */
export const heartbeatOf = ({ heartbeat }: AlarmsConfig): Result<HeartbeatSettings | null> => {
  if (heartbeat === null) return ok(null);
  const { url, urlFile, method, everyMs, timeoutMs, caFile } = heartbeat;
  try {
    const ca = caFile === null ? null : readFileSync(caFile, 'utf8');
    return ok({ url: urlOf(url, urlFile), method, everyMs, timeoutMs, ca });
  } catch (error) {
    const why = messageOf(error);
    return fail(
      'alarm-ca-unreadable',
      `The certificates for the heartbeat cannot be read: ${why}.`,
      'Correct alarms.heartbeat.ca-file.',
    );
  }
};
