/** Checks of how people are told: somebody is, it leaves this node, and what was told arrived. */
import { askAlarm } from '../../api/client.ts';
import { type Config, controlSocketPath } from '../../config/config.ts';
import { type Definition, failed, notApplicable, PACE, passed, unknown } from '../check.ts';
import { connectOnce } from '../connect-once.ts';

type Channel = Config['alarms']['channels'][number];

/** What nobody reads who does not look at this machine. */
const staysHere = (channel: Channel): boolean => channel.kind === 'syslog' && channel.transport === 'local';

const somebodyTold: Definition = {
  id: 'alarms-reach-somebody',
  about:
    'A person is told of a takeover, and of a standby that could not take over: by e-mail, webhook, syslog or command.',
  severity: 'advice',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Configure a channel in `alarms`, and try it: `dualtone alarm test`; see docs/alarms.md.',
  try: async ({ config: { alarms } }) => {
    const far = alarms.channels.filter((channel) => !staysHere(channel));
    if (far.length > 0) return passed(far.map(({ name, kind }) => `${name} (${kind})`).join(', '));
    return failed(alarms.channels.length === 0 ? 'no channel is configured' : 'all channels end on this machine');
  },
};

const mailLeaves: Definition = {
  id: 'mail-server-answers',
  about: 'The mail server that is to carry alarms answers this node.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'See the address and port of the mail server, and let this node reach it; then `dualtone alarm test`.',
  try: async ({ config: { alarms } }, signal) => {
    const mails = alarms.channels.filter((channel) => channel.kind === 'email');
    if (mails.length === 0) return notApplicable('no alarm goes by e-mail');
    for (const { host, port, tls } of mails) {
      // Encrypted from the first byte it greets nobody who does not begin to speak TLS.
      const greeted = await connectOnce({ address: host, port, wantsGreeting: tls !== 'implicit' }, signal);
      if (!greeted.ok) return failed(greeted.error.message);
      const line = greeted.value.toString('latin1').split('\r\n')[0] ?? '';
      if (tls !== 'implicit' && !line.startsWith('220')) return failed(`${host} port ${port} says: ${line}`);
    }
    return passed(mails.map(({ host, port }) => `${host} port ${port}`).join(', '));
  },
};

interface Troubled {
  readonly name: string;
  readonly trouble: string;
}

/** Channels of `alarm-list` that have a trouble; null where the answer is odd. */
export const troubledIn = (answer: unknown): readonly Troubled[] | null => {
  const channels =
    typeof answer === 'object' && answer !== null ? (answer as { readonly channels?: unknown }).channels : null;
  if (!Array.isArray(channels)) return null;
  return channels.flatMap((channel: unknown) => {
    if (typeof channel !== 'object' || channel === null) return [];
    const { name, trouble } = channel as Readonly<Record<string, unknown>>;
    return typeof name === 'string' && typeof trouble === 'string' ? [{ name, trouble }] : [];
  });
};

const ASK_MS = 4000;

const delivered: Definition = {
  id: 'alarms-delivered',
  about: 'What was told last by each channel arrived.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: 'See `dualtone alarm list` for why, mend it, and try it: `dualtone alarm test`. What waits is told then.',
  try: async ({ config }) => {
    if (config.alarms.channels.length === 0) return notApplicable('no channel is configured');
    const asked = await askAlarm(controlSocketPath(config), 'checks', { name: 'alarm-list' }, ASK_MS);
    if (!asked.ok) return unknown(asked.error.message);
    const troubled = troubledIn(asked.value);
    if (troubled === null) return unknown('the answer is not understood');
    if (troubled.length === 0) return passed(`${config.alarms.channels.length} channels have no trouble`);
    return failed(troubled.map(({ name, trouble }) => `${name}: ${trouble}`).join('; '));
  },
};

export const alarmChecks: readonly Definition[] = [somebodyTold, mailLeaves, delivered];
