/** Backup registrar and proxy of the provisioning server's registrars, and of all lines that belong to them. Pure, but for the store. */
import type { Change } from '../../changes/change.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { type Fields, isRecord } from '../../core/words.ts';
import { type Provd, type ProvdConfig, textOf } from './provd.ts';
import { type Store, setting } from './store.ts';

const KEYS = ['registrar_backup', 'proxy_backup'] as const;

/** What a registrar has as its backup: only keys that are there, so that they come back exactly. */
export type Backup = Readonly<Partial<Record<(typeof KEYS)[number], unknown>>>;

export const isRegistrar = (config: ProvdConfig): boolean => config['X_type'] === 'registrar';

const backupOf = (config: ProvdConfig): Backup =>
  Object.fromEntries(KEYS.filter((key) => config[key] !== undefined).map((key) => [key, config[key]]));

const withoutBackup = (config: ProvdConfig): ProvdConfig => {
  const { registrar_backup: _registrar, proxy_backup: _proxy, ...rest } = config;
  return { ...rest, id: config.id };
};

const gone = (id: string) =>
  fail(
    'xivo-registrar-gone',
    `There is no registrar ${id} any more.`,
    'It was deleted since; `dualtone xivo disable --force` goes on without it.',
  );

/** A registrar's backup, by its id. */
export const registrarStore = (provd: Provd): Store => ({
  look: async (id) => {
    const config = await provd.config(id);
    if (!config.ok) return config;
    return ok(config.value === null ? null : JSON.stringify(backupOf(config.value)));
  },
  put: async (id, text) => {
    const config = await provd.config(id);
    if (!config.ok) return config;
    if (config.value === null) return gone(id);
    const backup = JSON.parse(text ?? '{}') as Backup;
    return provd.putConfig({ ...withoutBackup(config.value), ...backup });
  },
});

/** Every registrar, not only `default`. */
export const registrarChanges = (configs: readonly ProvdConfig[], standby: string): readonly Change[] =>
  configs
    .filter(isRegistrar)
    .map(({ id }) => setting('registrar', id, JSON.stringify({ registrar_backup: standby, proxy_backup: standby })));

/** How lines of one registrar move: whatever of `from` becomes `to`; null: none. */
export interface Follow {
  readonly registrar: string;
  readonly mains: readonly string[];
  readonly from: { readonly registrar: string | null; readonly proxy: string | null };
  readonly to: { readonly registrar: string | null; readonly proxy: string | null };
}

/** From how the registrars were to how they are now; those that stayed are left out. */
export const followsOf = (before: readonly ProvdConfig[], now: readonly ProvdConfig[]): readonly Follow[] =>
  now.filter(isRegistrar).flatMap((registrar) => {
    const former = before.find(({ id }) => id === registrar.id);
    const ends = (config: ProvdConfig | undefined) => ({
      registrar: textOf(config?.['registrar_backup']),
      proxy: textOf(config?.['proxy_backup']),
    });
    const [from, to] = [ends(former), ends(registrar)];
    const mains = [registrar['registrar_main'], registrar['proxy_main']].map(textOf).filter((each) => each !== null);
    return from.registrar === to.registrar && from.proxy === to.proxy
      ? []
      : [{ registrar: registrar.id, mains, from, to }];
  });

const put = (map: Fields, key: string, value: string | null): Fields => {
  const { [key]: _former, ...rest } = map;
  return value === null ? rest : { ...rest, [key]: value };
};

interface Moved {
  readonly map: Fields;
  readonly drift: readonly string[];
}

/** One value: ours or none becomes the new one; what somebody has set otherwise stays, and is told. */
const moved = (map: Fields, key: string, from: string | null, to: string | null): Moved => {
  const now = textOf(map[key]);
  if (now === to) return { map, drift: [] };
  return now === null || now === from ? { map: put(map, key, to), drift: [] } : { map, drift: [`${key} is ${now}`] };
};

const movedLine = (line: Fields, follows: readonly Follow[]): Moved => {
  const follow = follows.find(({ mains }) =>
    [line['registrar_ip'], line['proxy_ip']].some((ip) => mains.includes(String(ip))),
  );
  if (follow === undefined) return { map: line, drift: [] };
  const { from, to } = follow;
  const first = moved(line, 'backup_registrar_ip', from.registrar, to.registrar);
  const second = moved(first.map, 'backup_proxy_ip', from.proxy, to.proxy);
  return { map: second.map, drift: [...first.drift, ...second.drift] };
};

/** SCCP: the second manager, made where there is none. */
const movedManagers = (managers: Fields, follows: readonly Follow[]): Moved => {
  const first = isRecord(managers['1']) ? textOf(managers['1']['ip']) : null;
  const follow = follows.find(({ mains }) => first !== null && mains.includes(first));
  if (follow === undefined) return { map: managers, drift: [] };
  const second = isRecord(managers['2']) ? managers['2'] : {};
  const { map, drift } = moved(second, 'ip', follow.from.proxy, follow.to.proxy);
  if (map === second) return { map: managers, drift };
  const { '2': _former, ...rest } = managers;
  return { map: Object.keys(map).length === 0 ? rest : { ...rest, '2': map }, drift };
};

export interface Followed {
  readonly config: ProvdConfig;
  readonly changed: boolean;
  /** What somebody has set otherwise, in words. */
  readonly drift: readonly string[];
}

/** A configuration of a device, of `autoprov` or of any other with lines. */
export const followed = (config: ProvdConfig, follows: readonly Follow[]): Followed => {
  const raw = config['raw_config'];
  if (!isRecord(raw)) return { config, changed: false, drift: [] };
  const drift: string[] = [];
  const next: Record<string, unknown> = { ...raw };
  const { sip_lines: lines, sccp_call_managers: managers } = raw;
  if (isRecord(lines)) {
    next['sip_lines'] = Object.fromEntries(
      Object.entries(lines).map(([number, line]) => {
        if (!isRecord(line)) return [number, line];
        const result = movedLine(line, follows);
        drift.push(...result.drift.map((text) => `line ${number}: ${text}`));
        return [number, result.map];
      }),
    );
  }
  if (isRecord(managers)) {
    const result = movedManagers(managers, follows);
    drift.push(...result.drift.map((text) => `SCCP manager 2: ${text}`));
    next['sccp_call_managers'] = result.map;
  }
  const changed = JSON.stringify(next) !== JSON.stringify(raw);
  return { config: changed ? { ...config, raw_config: next } : config, changed, drift };
};

export interface LinesMoved {
  /** Ids of configurations that were changed. */
  readonly changed: readonly string[];
  readonly drift: readonly string[];
}

/** All configurations after their registrars; repeatable. The first fault ends it. Faults: those of provd. */
export const moveLines = async (
  provd: Provd,
  configs: readonly ProvdConfig[],
  follows: readonly Follow[],
): Promise<Result<LinesMoved>> => {
  const changed: string[] = [];
  const drift: string[] = [];
  for (const config of configs.filter((each) => !isRegistrar(each))) {
    const result = followed(config, follows);
    drift.push(...result.drift.map((text) => `${config.id}, ${text}`));
    if (!result.changed) continue;
    const written = await provd.putConfig(result.config);
    if (!written.ok) return written;
    changed.push(config.id);
  }
  return ok({ changed, drift });
};

/** For what stands and is to be looked at as a whole: each registrar as if it had had no backup. */
export const withoutBackups = (configs: readonly ProvdConfig[]): readonly ProvdConfig[] =>
  configs.map((config) => (isRegistrar(config) ? { ...config, registrar_backup: null, proxy_backup: null } : config));

/** Lines and SCCP managers that do not follow their registrar: `id` for those without a backup, `id, line 1: … is …` for another one. */
export const linesAstray = (configs: readonly ProvdConfig[]): readonly string[] => {
  const follows = followsOf(withoutBackups(configs), configs);
  return configs
    .filter((each) => !isRegistrar(each))
    .flatMap((config) => {
      const { changed, drift } = followed(config, follows);
      return [...(changed ? [config.id] : []), ...drift.map((text) => `${config.id}, ${text}`)];
    });
};
