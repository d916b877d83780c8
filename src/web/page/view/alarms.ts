/** Alarms that are open, the channels that tell them, and a test of each. */

import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AlarmList, ChannelTest, Fault } from '../../contract.ts';
import { h } from './h.ts';
import { Badge, Button, Card, FaultBox, type Level, Said, Table } from './parts.ts';
import { may, type Ui, useUi } from './ui.ts';

const LEVEL: Readonly<Record<string, Level>> = { info: 'plain', warning: 'warning', alarm: 'alarm' };
const EVERY_MS = 10_000;

const useAlarms = (): { readonly list: AlarmList | null; readonly fault: Fault | null } => {
  const { api } = useUi();
  const [list, setList] = useState<AlarmList | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  useEffect(() => {
    let current = true;
    const fetchList = async (): Promise<void> => {
      const result = await api.alarms();
      if (!current) return;
      if (result.ok) setList(result.value);
      setFault(result.ok ? null : result.error);
    };
    void fetchList();
    const timer = setInterval(() => void fetchList(), EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, []);
  return { list, fault };
};

const alarmItem = (
  { id, severity, title, detail, next, since, count, toldTo }: AlarmList['alarms'][number],
  { t, word, moment, state }: Ui,
): VNode =>
  h(
    'li',
    { class: `entry ${LEVEL[severity] ?? 'plain'}`, key: id },
    h(
      'h3',
      null,
      h(Badge, { level: LEVEL[severity] ?? 'plain' }, word('severity', severity)),
      ' ',
      h(Said, null, title),
    ),
    h(
      'p',
      { class: 'quiet' },
      t('alarms.since', { since: moment(since, state.now) }),
      count > 1 ? ` · ${count}×` : '',
      toldTo.length === 0 ? '' : ` · ${t('alarms.told', { channels: toldTo.join(', ') })}`,
    ),
    h('p', null, h(Said, null, detail)),
    next === '' ? null : h('p', null, h('strong', null, t('checks.remedy')), ' ', h(Said, null, next)),
  );

const stateOf = (
  { trouble, sending, waiting, tries, nextTryInMs }: AlarmList['channels'][number],
  { t, span }: Ui,
): VNode => {
  if (trouble !== null)
    return h(
      'div',
      null,
      h(Badge, { level: 'alarm' }, t('alarms.trouble')),
      ' ',
      h(Said, null, trouble),
      nextTryInMs === null ? '' : ` (${t('alarms.again', { tries, span: span(nextTryInMs) })})`,
    );
  if (sending !== null || waiting > 0) return h(Badge, { level: 'warning' }, t('alarms.waiting', { waiting }));
  return h(Badge, { level: 'good' }, t('alarms.idle'));
};

const ChannelTable = ({ list }: { readonly list: AlarmList }): VNode => {
  const ui = useUi();
  const { t, moment, state } = ui;
  if (list.channels.length === 0) return h('p', { class: 'note warning' }, t('alarms.no-channel'));
  return h(Table, {
    caption: t('alarms.channels'),
    head: [t('alarms.channel'), t('alarms.kind'), t('alarms.state'), t('alarms.delivered')],
    rows: list.channels.map((channel) => ({
      key: channel.name,
      cells: [
        channel.name,
        channel.kind,
        stateOf(channel, ui),
        channel.delivered === null ? t('streams.never') : moment(channel.delivered, state.now),
      ],
    })),
  });
};

const Tests = ({ tests }: { readonly tests: readonly ChannelTest[] }): VNode => {
  const { t, span } = useUi();
  const item = ({ channel, delivered, why, tookMs }: ChannelTest): VNode =>
    h(
      'li',
      { key: channel },
      h(Badge, { level: delivered ? 'good' : 'alarm' }, t(delivered ? 'alarms.arrived' : 'alarms.not-arrived')),
      ` ${channel} (${span(tookMs)}) `,
      h(Said, null, why),
    );
  return h('ul', { class: 'list' }, ...tests.map(item));
};

const Heartbeat = ({ heartbeat }: Pick<AlarmList, 'heartbeat'>): VNode | null => {
  const { t, moment, state } = useUi();
  if (heartbeat === null) return null;
  const when = heartbeat.lastOk === null ? t('streams.never') : moment(heartbeat.lastOk, state.now);
  const trouble = heartbeat.trouble === null ? null : h(Said, null, ` ${heartbeat.trouble}`);
  return h('p', { class: 'quiet' }, t('alarms.heartbeat', { when }), trouble);
};

const Channels = ({ list }: { readonly list: AlarmList }): VNode => {
  const { t, state, api } = useUi();
  const [tests, setTests] = useState<readonly ChannelTest[]>([]);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  const test = async (): Promise<void> => {
    setBusy(true);
    const result = await api.testAlarm(null);
    setBusy(false);
    setTests(result.ok ? result.value : []);
    setFault(result.ok ? null : result.error);
  };
  const canTest = may(state, 'operate') && list.channels.length > 0;
  const tools = canTest ? h(Button, { onClick: () => void test(), disabled: busy }, t('alarms.test')) : undefined;
  return h(
    Card,
    { title: t('alarms.channels'), tools },
    h(ChannelTable, { list }),
    h('div', { role: 'status' }, busy ? t('alarms.testing') : h(Tests, { tests })),
    fault === null ? null : h(FaultBox, { fault }),
    list.queueTrouble === null ? null : h('p', { class: 'note alarm' }, h(Said, null, list.queueTrouble)),
    h(Heartbeat, list),
  );
};

export const AlarmsPage = (): VNode => {
  const ui = useUi();
  const { t } = ui;
  const { list, fault } = useAlarms();
  return h(
    'div',
    { class: 'column' },
    fault === null
      ? null
      : fault.code === 'alarms-off'
        ? h('p', { class: 'note warning' }, t('alarms.off'))
        : h(FaultBox, { fault }),
    list === null
      ? null
      : h(
          Card,
          { title: t('alarms.title') },
          list.alarms.length === 0
            ? h('p', null, h(Badge, { level: 'good' }, t('alarms.none')))
            : h('ul', { class: 'timeline' }, ...list.alarms.map((alarm) => alarmItem(alarm, ui))),
        ),
    list === null ? null : h(Channels, { list }),
  );
};
