import { backupAccount, type PbxPlan, phoneAccounts, type Way, waysOf } from './plan.ts';

/** One section of an Asterisk configuration file. */
export const section = (header: string, values: Readonly<Record<string, string | number>>): string =>
  `[${header}]\n${Object.entries(values)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')}\n`;

const sipPort = 5060;

const transports = (plan: PbxPlan): readonly string[] => {
  const bound = (protocol: string, address: string): string =>
    section(`${address === plan.virtualAddress ? 'transport' : 'loopback'}-${protocol}`, {
      type: 'transport',
      protocol,
      bind: `${address}:${sipPort}`,
      ...(plan.outsideAddress === undefined || address !== plan.virtualAddress
        ? {}
        : { external_signaling_address: plan.outsideAddress, external_media_address: plan.outsideAddress }),
    });
  const own = [
    bound('udp', plan.virtualAddress),
    bound('tcp', plan.virtualAddress),
    ...(plan.ownAddress === undefined
      ? []
      : [section('own-udp', { type: 'transport', protocol: 'udp', bind: `${plan.ownAddress}:${sipPort}` })]),
  ];
  return plan.loopbackTransport === false ? own : [...own, bound('udp', '127.0.0.1')];
};

/** Media leaves from the virtual address too: it moves with the signalling, and a node without it sends none. */
const endpointBase = (plan: PbxPlan): Readonly<Record<string, string>> => ({
  type: 'endpoint',
  transport: 'transport-udp',
  disallow: 'all',
  allow: 'ulaw,alaw',
  direct_media: 'no',
  rtp_symmetric: 'yes',
  media_address: plan.virtualAddress,
  bind_rtp_to_media_address: 'yes',
});

const templates = (plan: PbxPlan): readonly string[] => [
  section('phone](!', { ...endpointBase(plan), context: 'phones', identify_by: 'username,auth_username' }).replace(
    '(!]',
    '(!)',
  ),
  section('phone-auth](!', { type: 'auth', auth_type: 'userpass' }).replace('(!]', '(!)'),
  section('phone-aor](!', {
    type: 'aor',
    max_contacts: 1,
    remove_existing: 'yes',
    minimum_expiration: 60,
    maximum_expiration: 300,
    default_expiration: 120,
    qualify_frequency: 0,
  }).replace('(!]', '(!)'),
];

/** Who asks from the node itself is known: of strangers Asterisk writes a line into its log each time. */
const local = (plan: PbxPlan): readonly string[] =>
  plan.loopbackTransport === false
    ? []
    : [
        section('local-probe', {
          type: 'endpoint',
          transport: 'loopback-udp',
          context: 'none',
          disallow: 'all',
          allow: 'ulaw',
        }),
        section('local-probe', { type: 'identify', endpoint: 'local-probe', match: '127.0.0.1' }),
      ];

const phone = (user: string, password: string, hasMailbox: boolean): string =>
  `[${user}](phone)\nauth = ${user}\naors = ${user}\ncallerid = <${user}>\n${hasMailbox ? `mailboxes = ${user}@default\n` : ''}` +
  `[${user}](phone-auth)\nusername = ${user}\npassword = ${password}\n` +
  `[${user}](phone-aor)\n`;

/** Bound to the node's own address: signalling and media leave from where it registered. */
const backupPhone = (plan: PbxPlan): readonly string[] => {
  if (plan.ownAddress === undefined) return [];
  const { user, password } = backupAccount(plan);
  return [
    section(user, {
      type: 'endpoint',
      transport: 'own-udp',
      context: 'phones',
      disallow: 'all',
      allow: 'ulaw,alaw',
      aors: user,
      auth: user,
    }),
    section(user, { type: 'auth', auth_type: 'userpass', username: user, password }),
    section(user, { type: 'aor', max_contacts: 1, remove_existing: 'yes', minimum_expiration: 60 }),
  ];
};

const way = (plan: PbxPlan, { name, address, account }: Way): readonly string[] => {
  const { user, password } = account;
  const server = `sip:${address}:${sipPort}`;
  return [
    section(name, {
      ...endpointBase(plan),
      context: 'from-trunk',
      aors: name,
      outbound_auth: `${name}-auth`,
      from_user: user,
      identify_by: 'ip',
    }),
    section(name, { type: 'aor', contact: server, qualify_frequency: 0 }),
    section(name, { type: 'identify', endpoint: name, match: address }),
    section(`${name}-auth`, { type: 'auth', auth_type: 'userpass', username: user, password }),
    section(`${name}-registration`, {
      type: 'registration',
      transport: 'transport-udp',
      outbound_auth: `${name}-auth`,
      server_uri: server,
      client_uri: `sip:${user}@${address}:${sipPort}`,
      contact_user: user,
      expiration: 120,
      // Before a registration that is asked for, Asterisk waits up to ten seconds at random; Debian 11's 16.28 knows the key too.
      max_random_initial_delay: 0,
      // A mute standby fails at every try until its address arrives, and must never give up.
      retry_interval: 2,
      forbidden_retry_interval: 2,
      fatal_retry_interval: 2,
      max_retries: 1_000_000,
      auth_rejection_permanent: 'no',
    }),
  ];
};

/** pjsip.conf: transports, trunk with its registration, telephones with digest and one contact each. */
export const pjsipConf = (plan: PbxPlan): string =>
  [
    section('global', {
      type: 'global',
      user_agent: plan.nodeName === undefined ? 'dualtone-lab' : `dualtone-lab ${plan.nodeName}`,
      max_initial_qualify_time: 0,
    }),
    ...transports(plan),
    ...local(plan),
    ...waysOf(plan).flatMap((each) => way(plan, each)),
    ...backupPhone(plan),
    ...templates(plan),
    ...phoneAccounts(plan).map(({ user, password }) => phone(user, password, plan.voicemail === true)),
  ].join('');
