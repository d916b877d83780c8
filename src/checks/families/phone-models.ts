/** What the phones of a XiVO or Wazo do without a virtual IP: by the registrars that they are given, and by what their plugins say of their models. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { ok, type Result } from '../../core/result.ts';
import { readSecret } from '../../replication/access.ts';
import { createProvd, type Provd, type ProvdDevice, provdDefaults } from '../../xivo/enable/provd.ts';
import { provdPlaceFile, readProvdPlace } from '../../xivo/enable/provd-place.ts';
import { isRegistrar, linesAstray } from '../../xivo/enable/registrars.ts';
import { type Around, readSystemFile } from '../around.ts';
import { type Definition, failed, notApplicable, PACE, passed, type Said, unknown } from '../check.ts';

const ASK_MS = 8000;
const MOST_NAMED = 10;
const PLUGINS = ['var/lib/xivo-provd/plugins', 'var/lib/wazo-provd/plugins'];

export type ProvdOf = (config: Config) => Result<Provd>;

/** Where it was reached when this node was enabled. */
export const usualProvd: ProvdOf = ({ profile, stateDir }) => {
  const usual = provdDefaults[profile === 'wazo' ? 'wazo' : 'xivo'];
  const place = readProvdPlace(provdPlaceFile(stateDir));
  if (!place.ok) return place;
  const { url, tokenFile } = place.value ?? { url: usual.url, tokenFile: null };
  const token = tokenFile === null ? ok(null) : readSecret(tokenFile);
  return token.ok ? ok(createProvd({ ...usual, url, token: token.value, timeoutMs: ASK_MS })) : token;
};

/** Provisioning runs on the main only. */
export const withMainsProvd = async (
  { config }: Around,
  provdOf: ProvdOf,
  look: (provd: Provd) => Promise<Said>,
): Promise<Said> => {
  if (config.profile === 'asterisk') return notApplicable('it is no XiVO or Wazo');
  if (config.node.role !== 'main') return notApplicable('the main provisions');
  const provd = provdOf(config);
  return provd.ok ? look(provd.value) : unknown(provd.error.message);
};

/** Where phones follow an address they need no backup. */
const withProvd: typeof withMainsProvd = async (around, provdOf, look) =>
  around.config.profile !== 'asterisk' && around.config.virtualIp !== null
    ? notApplicable('phones follow the virtual IP')
    : withMainsProvd(around, provdOf, look);

const registrars = (provdOf: ProvdOf): Definition => ({
  id: 'xivo-registrars-have-backup',
  about: 'Every registrar of the provisioning gives phones the standby as backup, for registering and as proxy.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy: 'Run `dualtone xivo enable` on the main, then `dualtone xivo resync`.',
  try: (around) =>
    withProvd(around, provdOf, async (provd) => {
      const configs = await provd.configs();
      if (!configs.ok) return unknown(configs.error.message);
      const standby = around.config.peer.address;
      const all = configs.value.filter(isRegistrar);
      const without = all.filter((each) =>
        [each['registrar_backup'], each['proxy_backup']].some((to) => to !== standby),
      );
      if (without.length > 0) return failed(`not so: ${without.map(({ id }) => id).join(', ')}`);
      return all.length === 0 ? unknown('there is no registrar') : passed(`${all.length} registrars name ${standby}`);
    }),
});

const lines = (provdOf: ProvdOf): Definition => ({
  id: 'xivo-lines-have-backup',
  about: 'Every line, second SCCP manager and `autoprov` of the provisioning has the backup of its registrar.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Run `dualtone xivo enable` on the main once more, then `dualtone xivo resync`; what a hand set is yours to change.',
  try: (around) =>
    withProvd(around, provdOf, async (provd) => {
      const configs = await provd.configs();
      if (!configs.ok) return unknown(configs.error.message);
      const astray = linesAstray(configs.value);
      if (astray.length === 0) return passed('they have');
      const more = astray.length > MOST_NAMED ? `, and ${astray.length - MOST_NAMED} more` : '';
      return failed(`not so: ${astray.slice(0, MOST_NAMED).join('; ')}${more}`);
    }),
});

/** `vendor, model` in small letters, to whether it fails over: null where versions of its plugin differ in that. */
type FailsOver = ReadonlyMap<string, boolean | null>;

const nameOf = (vendor: string, model: string): string => `${vendor}, ${model}`.toLowerCase();

/** What one plugin says of its models; those of which it says nothing are not in it. */
export const failsOverOf = (pluginInfo: string): FailsOver => {
  const found = new Map<string, boolean | null>();
  try {
    const read: unknown = JSON.parse(pluginInfo);
    const capabilities = (read as { readonly capabilities?: unknown } | null)?.capabilities ?? {};
    for (const [key, said] of Object.entries(capabilities)) {
      const [vendor = '', model = ''] = key.split(',').map((part) => part.trim());
      const can = (said as { readonly high_availability?: unknown } | null)?.high_availability;
      if (typeof can !== 'boolean') continue;
      const name = nameOf(vendor, model);
      const before = found.get(name);
      found.set(name, before === undefined || before === can ? can : null);
    }
  } catch {
    // A plugin that says nothing that is understood says nothing.
  }
  return found;
};

const failsOverByPlugin = (around: Around): ReadonlyMap<string, FailsOver> => {
  const byPlugin = new Map<string, FailsOver>();
  for (const place of PLUGINS) {
    let names: readonly string[] = [];
    try {
      names = readdirSync(join(around.root, place));
    } catch {
      continue;
    }
    for (const name of names) {
      const text = readSystemFile(around, join(place, name, 'plugin-info'));
      if (text !== null) byPlugin.set(name, failsOverOf(text));
    }
  }
  return byPlugin;
};

const counted = (devices: readonly ProvdDevice[]): string =>
  [...Map.groupBy(devices, ({ vendor, model }) => `${vendor ?? 'unknown'} ${model ?? 'phones'}`)]
    .map(([name, group]) => `${name} (${group.length})`)
    .toSorted()
    .join(', ');

/** What is known of some vendors' phones while they are at the standby. */
const LIMITS: readonly (readonly [RegExp, string])[] = [
  [/^snom$/i, 'Snom: one line a phone only'],
  [/^polycom$/i, 'Polycom: no BLF keys meanwhile'],
];

const models = (provdOf: ProvdOf): Definition => ({
  id: 'xivo-phones-fail-over',
  about: 'Every phone is of a model that registers at the standby by itself, as its provisioning plugin says.',
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Use a virtual IP (`virtual-ip`), which every phone follows, or exchange these phones.',
  try: (around) =>
    withProvd(around, provdOf, async (provd) => {
      const devices = await provd.devices();
      if (!devices.ok) return unknown(devices.error.message);
      if (devices.value.length === 0) return notApplicable('provisioning knows no phone');
      const byPlugin = failsOverByPlugin(around);
      const canOf = ({ plugin, vendor, model }: ProvdDevice): boolean | null =>
        byPlugin.get(plugin ?? '')?.get(nameOf(vendor ?? '', model ?? '')) ?? null;
      const cannot = devices.value.filter((each) => canOf(each) === false);
      const unsure = devices.value.filter((each) => canOf(each) === null);
      if (cannot.length > 0) return failed(`these lose their calls until the main is back: ${counted(cannot)}`);
      if (unsure.length > 0) return unknown(`their plugins do not say it: ${counted(unsure)}`);
      const limits = LIMITS.filter(([vendor]) => devices.value.some((each) => vendor.test(each.vendor ?? '')));
      const said = [`${devices.value.length} phones do, each at its next refresh`, ...limits.map(([, limit]) => limit)];
      return passed(said.join('; '));
    }),
});

export const createPhoneModelChecks = (provdOf: ProvdOf = usualProvd): readonly Definition[] => [
  registrars(provdOf),
  lines(provdOf),
  models(provdOf),
];
