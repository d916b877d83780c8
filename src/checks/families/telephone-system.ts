/** Checks of a XiVO or Wazo server: what its own documents ask for. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Around, readSystemFile } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';

const onXivo = async ({ config }: Around, look: () => Said): Promise<Said> =>
  config.profile === 'asterisk' ? notApplicable('it is no XiVO or Wazo') : look();

const ownHa: Definition = {
  id: 'xivo-own-ha-off',
  about: "The server's own high availability is switched off: Dualtone has its job.",
  severity: 'critical',
  scope: 'node',
  ...PACE.usual,
  remedy: 'Set the node to `disabled` in its high availability page, or remove /etc/xivo/ha.conf and its cron files.',
  try: (around) =>
    onXivo(around, () => {
      const text = readSystemFile(around, 'etc/xivo/ha.conf');
      if (text === null) return passed('it was never set up');
      const [, type] = /"node_type"\s*:\s*"([^"]*)"/.exec(text) ?? [];
      if (type === undefined) return unknown('/etc/xivo/ha.conf is not understood');
      return type === 'disabled' ? passed('node_type is disabled') : failed(`/etc/xivo/ha.conf says node_type ${type}`);
    }),
};

const PLUGIN_PLACES = ['var/lib/xivo-provd/plugins', 'var/lib/wazo-provd/plugins'];

const noPlugins: Definition = {
  id: 'xivo-standby-without-plugins',
  about: 'The standby has no provisioning plugin, so that no phone takes its configuration from it.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Uninstall the plugins on the standby (Configuration, Provisioning, Plugins).',
  try: (around) =>
    onXivo(around, () => {
      if (around.config.node.role !== 'standby') return notApplicable('the main provisions');
      const place = PLUGIN_PLACES.find((path) => existsSync(join(around.root, path)));
      if (place === undefined) return passed('there is no place for plugins');
      const plugins = readdirSync(join(around.root, place), { withFileTypes: true }).filter((each) =>
        each.isDirectory(),
      );
      if (plugins.length === 0) return passed('none is installed');
      return failed(
        `${plugins.length} installed: ${plugins
          .slice(0, 5)
          .map(({ name }) => name)
          .join(', ')}`,
      );
    }),
};

/** Written by the wizard at its end, in one era or the other. */
const WIZARD_MARKS = ['var/lib/xivo/configured', 'var/lib/wazo/configured', 'var/lib/wazo/.configured'];

const wizard: Definition = {
  id: 'xivo-wizard-passed',
  about: 'The set-up wizard of the server was passed.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Pass the wizard in the web interface of this server, with the same language and time zone as on the other.',
  try: (around) =>
    onXivo(around, () =>
      WIZARD_MARKS.some((path) => existsSync(join(around.root, path)))
        ? passed('it left its mark')
        : unknown('its mark is not found; see the web interface'),
    ),
};

/** Where each generation has it. */
const VERSION_FILES = ['usr/share/xivo/XIVO-VERSION', 'usr/share/pf-xivo/XIVO-VERSION', 'usr/share/wazo/WAZO-VERSION'];

/** Version of XiVO or Wazo on this machine; null: it is neither, or does not tell. */
export const systemVersion = (around: Pick<Around, 'root'>): string | null => {
  for (const path of VERSION_FILES) {
    const version = readSystemFile(around, path)?.trim().split('\n')[0]?.trim() ?? '';
    if (version !== '') return version;
  }
  return null;
};

const versionsAgree: Definition = {
  id: 'xivo-versions-agree',
  about: 'Both nodes run the same version of XiVO or Wazo, so that what is copied means the same on both.',
  severity: 'warning',
  scope: 'pair',
  ...PACE.slow,
  remedy:
    'Upgrade the older one while it is passive: `dualtone upgrade` there, and then on the other (docs/upgrade.md).',
  try: async (around) => {
    if (around.config.profile === 'asterisk') return notApplicable('it is no XiVO or Wazo');
    const here = systemVersion(around);
    if (here === null) return unknown('this server does not tell its version');
    const facts = await around.peer.facts();
    if (!facts.ok) return unknown(facts.error.message);
    const there = facts.value.system;
    if (there === null) return unknown('the other node does not tell its version');
    return there === here ? passed(`both run ${here}`) : failed(`${here} here, ${there} there`);
  },
};

/** By the server's own generated file: the interfaces that were made for voice; null: it does not say. */
const voiceInterfaces = (around: Around): readonly string[] | null => {
  const [, listed] =
    /^\s*XIVO_VOIP_IFACES=["']?([^"'\n#]*)/m.exec(readSystemFile(around, 'etc/xivo/common.conf') ?? '') ?? [];
  const names = (listed ?? '').split(/\s+/).filter((name) => name !== '');
  return names.length === 0 ? null : names;
};

const withoutLabel = (name: string): string => name.replace(/:.*$/, '');

const voiceAddress: Definition = {
  id: 'xivo-voice-address',
  about: "This node's address is that of the server's voice interface, where phones and the other node look for it.",
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Pair the nodes by the addresses of their VoIP interfaces (Configuration, Network, Interfaces): `node.address`, `peer.address`.',
  try: (around) =>
    onXivo(around, () => {
      const voice = voiceInterfaces(around);
      if (voice === null) return notApplicable('the server does not say which interface is for voice');
      const { address } = around.config.node;
      const here = around.runningInterfaces().find(({ cidrs }) => cidrs.some((cidr) => cidr.split('/')[0] === address));
      if (here === undefined) return unknown(`no interface has ${address} now`);
      return voice.map(withoutLabel).includes(withoutLabel(here.name))
        ? passed(`${address} on ${here.name}`)
        : failed(`${address} is on ${here.name}, and voice is on ${voice.join(', ')}`);
    }),
};

export const telephoneSystemChecks: readonly Definition[] = [ownHa, noPlugins, wizard, versionsAgree, voiceAddress];
