import type { AlarmsConfig } from '../config.ts';
import type { Path } from '../document.ts';
import type { Clash } from './clash.ts';

type ChannelConfig = AlarmsConfig['channels'][number];

const none: readonly Clash[] = [];

const exactlyOne = (given: { readonly url: string | null; readonly urlFile: string | null }, path: Path) => {
  if ((given.url === null) !== (given.urlFile === null)) return none;
  const message = given.url === null ? 'no address is given' : 'the address is given twice';
  return [{ path, message, remedy: 'give either url, or url-file where the address is a secret' }];
};

/** Hosts to which nothing crosses a network. */
export const LOOPBACK = /^(localhost|127\..*|::1)$/;

const mailRules = (channel: Extract<ChannelConfig, { kind: 'email' }>, path: Path): readonly Clash[] => {
  const { user, passwordFile, tls, host, port } = channel;
  const clashes: Clash[] = [];
  if ((user === null) !== (passwordFile === null))
    clashes.push({
      path: [...path, user === null ? 'password-file' : 'user'],
      message: user === null ? 'a password without a user' : `no password for ${user}`,
      remedy: 'give both user and password-file, or neither',
    });
  if (user !== null && tls === 'none' && !LOOPBACK.test(host))
    clashes.push({
      path: [...path, 'tls'],
      message: `the password of ${user} would cross the network in the clear`,
      remedy: 'use tls: starttls or implicit, or leave user and password-file out',
    });
  if ((tls === 'implicit' && port === 587) || (tls === 'starttls' && port === 465))
    clashes.push({
      path: [...path, 'port'],
      message: `port ${port} does not speak ${tls}`,
      remedy: 'port 587 with tls: starttls, port 465 with tls: implicit',
    });
  return clashes;
};

const channelRules = (channel: ChannelConfig, path: Path): readonly Clash[] => {
  switch (channel.kind) {
    case 'email':
      return mailRules(channel, path);
    case 'webhook':
      return exactlyOne(channel, path);
    case 'syslog':
      return channel.transport !== 'local' && channel.address === null
        ? [
            {
              path,
              message: `syslog by ${channel.transport} needs an address`,
              remedy: 'give the address of the receiver',
            },
          ]
        : none;
    case 'command':
      return none;
  }
};

/** Contradictions within `alarms`. */
export const alarmClashes = (alarms: AlarmsConfig): readonly Clash[] => {
  const names = alarms.channels.map(({ name }) => name);
  const twice = names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? none
      : [
          {
            path: ['alarms', 'channels', index, 'name'],
            message: `two channels are called ${name}`,
            remedy: 'give each a name of its own',
          },
        ],
  );
  const absent = alarms.rules.flatMap((rule, index) =>
    (rule.channels ?? []).flatMap((name, at) =>
      names.includes(name)
        ? none
        : [
            {
              path: ['alarms', 'rules', index, 'channels', at],
              message: `there is no channel ${name}`,
              remedy: names.length === 0 ? 'add it under alarms.channels' : `there are: ${names.join(', ')}`,
            },
          ],
    ),
  );
  return [
    ...twice,
    ...alarms.channels.flatMap((channel, index) => channelRules(channel, ['alarms', 'channels', index])),
    ...absent,
    ...(alarms.heartbeat === null ? none : exactlyOne(alarms.heartbeat, ['alarms', 'heartbeat'])),
  ];
};

/** Allowed, and worth a word. */
export const alarmNotes = ({ channels }: AlarmsConfig): readonly string[] =>
  channels.flatMap((channel) => {
    if (channel.kind !== 'webhook') return [];
    const url = channel.url ?? '';
    const clear = url.startsWith('http:') && !LOOPBACK.test(new URL(url).hostname.replace(/^\[|\]$/g, ''));
    return [
      ...(clear ? [`alarms: webhook ${channel.name} crosses the network in the clear`] : []),
      ...(channel.keyFile === null
        ? [`alarms: webhook ${channel.name} is not signed: its receiver cannot tell who sends`]
        : []),
    ];
  });

/** The files with secrets, and where they stand; what systemd gives is not among them. */
export const alarmSecrets = ({
  channels,
  heartbeat,
}: AlarmsConfig): readonly { readonly path: Path; readonly file: string }[] => {
  const named = channels.flatMap((channel, index) => {
    const at = ['alarms', 'channels', index];
    if (channel.kind === 'email') return [{ path: [...at, 'password-file'], file: channel.passwordFile }];
    if (channel.kind !== 'webhook') return [];
    return [
      { path: [...at, 'url-file'], file: channel.urlFile },
      { path: [...at, 'key-file'], file: channel.keyFile },
    ];
  });
  const all = [...named, { path: ['alarms', 'heartbeat', 'url-file'], file: heartbeat?.urlFile ?? null }];
  return all.flatMap(({ path, file }) => (file === null || !file.startsWith('/') ? [] : [{ path, file }]));
};
