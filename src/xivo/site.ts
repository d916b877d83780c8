/** This XiVO server as enabling and importing find it: by Dualtone's configuration, else by XiVO's own file. */
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { readRecord } from '../changes/record.ts';
import { createWorld } from '../changes/world.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Role } from '../core/words.ts';
import { readText } from '../files/replace.ts';
import { readSecret } from '../replication/access.ts';
import { type AdminOptions, createAdmin } from '../replication/postgres/setup/admin.ts';
import { adminOptions } from '../replicator/peer-certificate.ts';
import { parseBoxes } from '../switches/berofos/protocol.ts';
import { createXivoEnabling, type XivoEnabling } from './enable/enable.ts';
import { createProvd, type Provd, provdDefaults } from './enable/provd.ts';
import { keepProvdPlace, type ProvdPlace, provdPlaceFile, readProvdPlace } from './enable/provd-place.ts';
import { RECORD_NAME } from './enable/record.ts';
import { type Ground, readHaConf } from './ground.ts';
import { type HaConf, originalCronLines, parseHaConf } from './ha-conf.ts';
import type { Found } from './import.ts';
import { KEY_FILE } from './sync-command.ts';

export interface SiteOptions {
  /** Default: where it was when this machine was enabled, else the era's own on the loopback. */
  readonly provd?: string | undefined;
  readonly provdTokenFile?: string | undefined;
  /** The provisioning server, or the database, is left alone. */
  readonly noProvd?: boolean | undefined;
  readonly noDatabase?: boolean | undefined;
  /** Where former values are kept; default: below /var/lib/dualtone. */
  readonly recordFile?: string | undefined;
}

export interface Site {
  readonly role: Role;
  readonly enabling: XivoEnabling;
  readonly provd: Provd | null;
}

const RECORD = `/var/lib/dualtone/${RECORD_NAME}`;
const REQUEST_MS = 20_000;

const usualDatabase: AdminOptions = {
  osUser: 'postgres',
  socket: '/var/run/postgresql',
  port: 5432,
  database: 'asterisk',
  lockTimeMs: 2000,
  timeLimitMs: 30_000,
};

const noRole = () =>
  fail(
    'xivo-no-role',
    'Neither Dualtone’s configuration nor ha.conf gives this machine a role.',
    'Pair it with `dualtone init` or `dualtone join` first.',
  );

interface Place {
  readonly role: Role;
  readonly standby: string;
}

/** What ha.conf said before `dualtone xivo enable` put it to sleep; null: it did not. */
const formerHaConf = (ground: Ground, recordFile: string): HaConf | null => {
  const record = readRecord(recordFile);
  if (!record.ok) return null;
  for (const { change, former } of record.value.entryById.values()) {
    if (change.kind !== 'file' || change.path !== ground.root + ground.original.haConf || former?.kind !== 'file')
      continue;
    const conf = parseHaConf(former.text);
    if (conf.ok && conf.value.role !== 'disabled') return conf.value;
  }
  return null;
};

/** On a standby without a configuration it is the main's address: there it is not used. */
const placeOf = (ground: Ground, recordFile: string): Result<Place> => {
  const config = ground.config();
  if (config !== null) {
    const { node, peer } = config;
    return ok({ role: node.role, standby: node.role === 'main' ? peer.address : node.address });
  }
  const conf = readHaConf(ground);
  if (!conf.ok) return conf;
  const { role, address } =
    conf.value.role === 'disabled' ? (formerHaConf(ground, recordFile) ?? conf.value) : conf.value;
  if (role === 'disabled' || address === null) return noRole();
  return ok({ role, standby: address });
};

const badAddress = (given: string) =>
  fail('xivo-provd-address', `${given} is no address.`, 'Give it as http://HOST:PORT/PATH.');

/** As this call gives it, else as the last one did. */
const provdPlaceOf = (ground: Ground, options: SiteOptions, file: string): Result<ProvdPlace> => {
  const usual: ProvdPlace = { url: provdDefaults[ground.original.era].url, tokenFile: null };
  const kept = options.provd === undefined ? readProvdPlace(file) : ok(null);
  if (!kept.ok) return kept;
  const { url, tokenFile } = kept.value ?? usual;
  const given = (options.provd ?? url).replace(/\/$/, '');
  if (!URL.canParse(given)) return badAddress(given);
  return ok({ url: given, tokenFile: options.provdTokenFile ?? tokenFile });
};

const provdAt = (ground: Ground, { url, tokenFile }: ProvdPlace): Result<Provd> => {
  const token = tokenFile === null ? ok(null) : readSecret(tokenFile);
  if (!token.ok) return token;
  const { contentType } = provdDefaults[ground.original.era];
  return ok(createProvd({ url, contentType, token: token.value, timeoutMs: REQUEST_MS }));
};

/** Kept before anything is changed there, and no longer than anything is. */
const keeping = (enabling: XivoEnabling, file: string, place: ProvdPlace | null): XivoEnabling => ({
  ...enabling,
  enable: async () => {
    const kept = keepProvdPlace(file, place);
    return kept.ok ? enabling.enable() : kept;
  },
  disable: async (force) => {
    const told = await enabling.disable(force);
    if (!told.ok || told.value.lines.some(({ what }) => what === 'drift')) return told;
    const forgotten = keepProvdPlace(file, null);
    return forgotten.ok ? told : forgotten;
  },
});

/** Faults: `xivo-no-role`, `xivo-ha-conf-odd`, `xivo-provd-address`, `xivo-provd-place-odd`, `secret-…`. */
export const siteOf = (ground: Ground, options: SiteOptions, what: 'enable' | 'disable'): Result<Site> => {
  const recordFile = options.recordFile ?? ground.root + RECORD;
  const found = placeOf(ground, recordFile);
  // A standby that left before it had a pair: ha.conf is asleep already, and only what is recorded counts.
  const place = found.ok || what === 'enable' ? found : ok<Place>({ role: 'standby', standby: '' });
  if (!place.ok) return place;
  const { role, standby } = place.value;
  const placeFile = provdPlaceFile(dirname(recordFile));
  const at = role === 'main' && options.noProvd !== true ? provdPlaceOf(ground, options, placeFile) : ok(null);
  if (!at.ok) return at;
  const provd = at.value === null ? ok(null) : provdAt(ground, at.value);
  if (!provd.ok) return provd;
  const config = ground.config();
  const database = config === null ? usualDatabase : adminOptions(config);
  const enabling = createXivoEnabling({
    original: ground.original,
    role,
    standby,
    admin: options.noDatabase === true ? null : createAdmin(database),
    provd: provd.value,
    world: createWorld(ground.run),
    recordFile,
    run: ground.run,
    root: ground.root,
  });
  if (at.value === null) return ok({ role, enabling, provd: null });
  const isUsual = at.value.url === provdDefaults[ground.original.era].url && at.value.tokenFile === null;
  return ok({ role, enabling: keeping(enabling, placeFile, isUsual ? null : at.value), provd: provd.value });
};

/** What there is to import. Faults: `xivo-ha-conf-odd`, `file-unreadable`. */
export const findImport = (ground: Ground, recordFile = ground.root + RECORD): Result<Found> => {
  const conf = readHaConf(ground);
  if (!conf.ok) return conf;
  const former = conf.value.role === 'disabled' ? formerHaConf(ground, recordFile) : null;
  const { cronFiles, era } = ground.original;
  const boxes = readText(`${ground.root}/etc/bnfos.conf`);
  const crons = [cronFiles.main, cronFiles.standby].map((path) => readText(ground.root + path));
  return ok({
    conf: former ?? conf.value,
    isAsleep: former !== null,
    era,
    addresses: Object.values(networkInterfaces()).flatMap((list) => list ?? []),
    cronLines: crons.flatMap((text) => (text.ok ? originalCronLines(text.value ?? '') : [])),
    hasKey: existsSync(ground.root + KEY_FILE),
    boxes: boxes.ok ? parseBoxes(boxes.value ?? '') : [],
    isConfigured: ground.config() !== null,
  });
};
