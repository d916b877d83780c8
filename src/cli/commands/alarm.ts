/** `dualtone alarm`: what is open, what each channel still has to tell, and a test that it arrives. */
import type { AlarmAsk, AlarmList, ChannelTest, ChannelView, OpenAlarmView } from '../../alarms/protocol.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { moment, span } from '../render/time.ts';
import { type CommonOptions, type Output, orEnd, socketOf } from '../target.ts';
import { whoami } from './order.ts';

const LIST_MS = 5000;
/** A mail server may take its time. */
const TEST_MS = 90_000;

const ask = async (asked: AlarmAsk, timeoutMs: number, options: CommonOptions, output: Output): Promise<unknown> => {
  const { askAlarm } = await import('../../api/client.ts');
  const socket = await socketOf(options, output);
  return orEnd(await askAlarm(socket, `${whoami()} (command line)`, asked, timeoutMs), options, output);
};

const alarmLines = (alarm: OpenAlarmView, now: number, { style }: Output): readonly string[] => {
  const { severity, title, detail, next, since, count, toldTo, code, object } = alarm;
  const colour = severity === 'alarm' ? style.alarm : style.warning;
  const often = count > 1 ? `, came back ${count - 1} times` : '';
  const told = toldTo.length === 0 ? 'told to nobody' : `told by ${toldTo.join(', ')}`;
  return [
    `${colour(severity.toUpperCase())}  ${title}`,
    `    since ${moment(since, now)} (${span(now - since)})${often}, ${told} [${code}${object === '' ? '' : ` ${object}`}]`,
    `    ${detail}`,
    `    ${next}`,
  ];
};

const channelLine = (channel: ChannelView, now: number, { style }: Output): string => {
  const { name, kind, waiting, sending, tries, nextTryInMs, trouble, delivered } = channel;
  const last = delivered === null ? 'nothing delivered yet' : `last delivered ${moment(delivered, now)}`;
  const queue = [
    ...(sending === null ? [] : ['a message on its way']),
    ...(waiting === 0 ? [] : [`${waiting} to be told`]),
  ];
  const failing =
    tries === 0
      ? ''
      : style.alarm(` FAILS (${tries} tries, again in ${span(nextTryInMs ?? 0)}): ${trouble ?? 'no reason given'}`);
  return `  ${name.padEnd(12)} ${kind.padEnd(8)} ${[last, ...queue].join(', ')}${failing}`;
};

/** `dualtone alarm list`. Exit code as of `status`: 5 or 6 where something is open. */
export const list = async (options: CommonOptions, output: Output): Promise<ExitCode> => {
  const found = (await ask({ name: 'alarm-list' }, LIST_MS, options, output)) as AlarmList;
  const { alarms, channels, queueTrouble, heartbeat } = found;
  const grave = alarms.some(({ severity }) => severity === 'alarm');
  const exit = grave ? EXIT.alarm : alarms.length > 0 ? EXIT.warning : EXIT.ok;
  if (options.json === true) {
    output.out(`${JSON.stringify({ ok: true, ...found })}\n`);
    return exit;
  }
  const now = Date.now();
  const beats =
    heartbeat === null
      ? []
      : [
          `  heartbeat    url      ${heartbeat.lastOk === null ? 'not answered yet' : `last answered ${moment(heartbeat.lastOk, now)}`}${heartbeat.trouble === null ? '' : output.style.alarm(` ${heartbeat.trouble}`)}`,
        ];
  const lines = [
    ...(alarms.length === 0 ? ['No alarm is open.'] : alarms.flatMap((alarm) => alarmLines(alarm, now, output))),
    '',
    ...channels.map((channel) => channelLine(channel, now, output)),
    ...beats,
    ...(queueTrouble === null ? [] : [output.style.alarm(`! ${queueTrouble}`)]),
  ];
  output.out(`${lines.join('\n')}\n`);
  return exit;
};

/** `dualtone alarm test [channel]`. */
export const test = async (channel: string | undefined, options: CommonOptions, output: Output): Promise<ExitCode> => {
  const asked: AlarmAsk = { name: 'alarm-test', channel: channel ?? null };
  const results = (await ask(asked, TEST_MS, options, output)) as readonly ChannelTest[];
  const failed = results.some(({ delivered }) => !delivered);
  if (options.json === true) output.out(`${JSON.stringify({ ok: !failed, results })}\n`);
  else
    for (const { channel: name, delivered, why, tookMs } of results)
      output.out(
        `${name}: ${delivered ? output.style.good('delivered') : output.style.alarm('NOT delivered')} (${span(tookMs)})${why === '' ? '' : `: ${why}`}\n`,
      );
  return failed ? EXIT.refused : EXIT.ok;
};
