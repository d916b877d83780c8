/** How long a phone may believe in a registrar: in `staticsip` for chan_sip, in the AORs of the global templates for PJSIP. */
import { z } from 'zod';
import type { Change } from '../../changes/change.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { quoteValue } from '../../replication/postgres/identifier.ts';
import type { Admin } from '../../replication/postgres/setup/admin.ts';
import { type Store, setting } from './store.ts';

/** Seconds, as source 002 has them; 001's 180, 300, 240 bound the outage no better and make each phone wait longer at least. */
const EXPIRY = { min: 60, max: 300, default: 120 } as const;

const SIP_NAMES = ['minexpiry', 'maxexpiry', 'defaultexpiry'] as const;
const AOR_NAMES = ['minimum_expiration', 'maximum_expiration', 'default_expiration'] as const;
const VALUES = [EXPIRY.min, EXPIRY.max, EXPIRY.default].map(String);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const strange = (name: string) =>
  fail(
    'xivo-setting-odd',
    `${name} is no setting that Dualtone knows.`,
    'The record of changes is of another version.',
  );

interface SipRow {
  readonly value: string | null;
  readonly commented: number;
}

const ofSip = (name: string): string =>
  `filename = 'sip.conf' and category = 'general' and var_name = ${quoteValue(name)}`;

/** As the record keeps it; what is written stands in SQL. */
const rowSchema = z.tuple([z.string().nullable(), z.int()]);

/** One option of `sip.conf`. A commented row counts as it stands: it comes back commented. */
export const sipStore = (admin: Admin): Store => ({
  look: async (name) => {
    if (!SIP_NAMES.some((each) => each === name)) return strange(name);
    const rows = await admin.rows<SipRow>(
      `select var_val as value, commented from public.staticsip where ${ofSip(name)} order by id limit 1`,
    );
    if (!rows.ok) return rows;
    const [row] = rows.value;
    return ok(row === undefined ? null : JSON.stringify([row.value, row.commented]));
  },
  put: async (name, text) => {
    if (!SIP_NAMES.some((each) => each === name)) return strange(name);
    if (text === null) return admin.execute(`delete from public.staticsip where ${ofSip(name)};`);
    const [value, commented] = rowSchema.parse(JSON.parse(text));
    const shown = value === null ? 'null' : quoteValue(value);
    const set = `update public.staticsip set var_val = ${shown}, commented = ${commented} where ${ofSip(name)};`;
    const insert = `insert into public.staticsip (cat_metric, var_metric, commented, filename, category, var_name, var_val)
      select 0, 0, ${commented}, 'sip.conf', 'general', ${quoteValue(name)}, ${shown}
      where not exists (select 1 from public.staticsip where ${ofSip(name)});`;
    return admin.execute(`${set}\n${insert}`);
  },
});

/** `SECTION/KEY`. */
const aorPlace = (name: string): readonly [string, string] | null => {
  const [section = '', key = '', rest] = name.split('/');
  return UUID.test(section) && AOR_NAMES.some((each) => each === key) && rest === undefined ? [section, key] : null;
};

/** One option of the AOR section of a template. */
export const aorStore = (admin: Admin): Store => ({
  look: async (name) => {
    const place = aorPlace(name);
    if (place === null) return strange(name);
    const [section, key] = place;
    const rows = await admin.rows<{ readonly value: string }>(
      `select value from public.endpoint_sip_section_option where endpoint_sip_section_uuid = ${quoteValue(section)} and key = ${quoteValue(key)} limit 1`,
    );
    return rows.ok ? ok(rows.value[0]?.value ?? null) : rows;
  },
  put: async (name, text) => {
    const place = aorPlace(name);
    if (place === null) return strange(name);
    const [section, key] = place.map(quoteValue);
    const drop = `delete from public.endpoint_sip_section_option where endpoint_sip_section_uuid = ${section} and key = ${key};`;
    const insert = `insert into public.endpoint_sip_section_option (endpoint_sip_section_uuid, key, value) values (${section}, ${key}, ${quoteValue(text ?? '')});`;
    return admin.execute(text === null ? drop : `${drop}\n${insert}`);
  },
});

/** What is to be set in this database. Faults: those of the administrator's way in. */
export const expiryChanges = async (admin: Admin): Promise<Result<readonly Change[]>> => {
  const tables = await admin.rows<{ readonly sip: boolean; readonly pjsip: boolean }>(
    `select to_regclass('public.staticsip') is not null as sip, to_regclass('public.endpoint_sip_section_option') is not null as pjsip`,
  );
  if (!tables.ok) return tables;
  const [{ sip, pjsip } = { sip: false, pjsip: false }] = tables.value;
  const inSip = sip ? SIP_NAMES.map((name, at) => setting('staticsip', name, JSON.stringify([VALUES[at], 0]))) : [];
  if (!pjsip) return ok(inSip);
  const sections = await admin.rows<{ readonly uuid: string }>(
    `select s.uuid::text as uuid from public.tenant t join public.endpoint_sip_section s on s.endpoint_sip_uuid = t.global_sip_template_uuid where s.type = 'aor' order by 1`,
  );
  if (!sections.ok) return sections;
  const inAors = sections.value.flatMap(({ uuid }) =>
    AOR_NAMES.map((name, at) => setting('aor', `${uuid}/${name}`, VALUES[at] ?? '')),
  );
  return ok([...inSip, ...inAors]);
};
