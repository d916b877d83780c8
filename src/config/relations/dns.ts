import { fullName, isWithin } from '../../switches/dns/name.ts';
import { canonicalData } from '../../switches/dns/rdata.ts';
import type { Config } from '../config.ts';
import type { Path } from '../document.ts';
import { printDuration } from '../schema/scalars.ts';
import type { Clash } from './clash.ts';

type Dns = NonNullable<Config['switches']['dns']>;
type Entry = Dns['records'][number];

/** Phones find the node that serves within this, and no later. */
const LONGEST_TTL_MS = 30_000;

const EXAMPLE_BY_TYPE: Readonly<Record<Entry['type'], string>> = {
  A: '192.0.2.1',
  AAAA: '2001:db8::1',
  CNAME: 'pbx1.example.org',
  SRV: '10 50 5060 pbx1.example.org',
  NAPTR: '10 50 "s" "SIP+D2U" "" _sip._udp.example.org',
};

const valueClashes = ({ type, ...sides }: Entry, path: Path): readonly Clash[] =>
  (['main', 'standby'] as const).flatMap((role): readonly Clash[] => {
    const texts = sides[role].map((text) => canonicalData(type, text));
    const odd = texts.indexOf(null);
    if (odd >= 0)
      return [
        {
          path: [...path, role, odd],
          message: `"${sides[role][odd]}" is no ${type} record`,
          remedy: `write for example ${EXAMPLE_BY_TYPE[type]}`,
        },
      ];
    if (type === 'CNAME' && texts.length > 1)
      return [{ path: [...path, role], message: 'a name has one CNAME', remedy: 'give one, or use A or SRV records' }];
    if (new Set(texts).size < texts.length)
      return [{ path: [...path, role], message: 'a value is given twice', remedy: 'give it once' }];
    return [];
  });

/** The name to which a value leads, as it was written; null: to none, or to nothing (`.`). */
const targetOf = (type: Entry['type'], text: string): string | null => {
  if (type === 'A' || type === 'AAAA') return null;
  const target = text.trim().split(/\s+/).at(-1) ?? '';
  return target === '.' || target === '' ? null : target;
};

/** A zone file would put the zone behind a short name; an update takes it as it is. */
const targetClashes = ({ name, type, ...sides }: Entry, path: Path): readonly Clash[] =>
  (['main', 'standby'] as const).flatMap((role) =>
    sides[role].flatMap((text, index): readonly Clash[] => {
      const target = targetOf(type, text);
      if (target === null) return [];
      if (!target.includes('.'))
        return [
          {
            path: [...path, role, index],
            message: `"${target}" is no whole name: callers would look for it beside com and org`,
            remedy: `give it with its zone, such as ${target}.example.org`,
          },
        ];
      if (type !== 'CNAME' || fullName(target) !== fullName(name)) return [];
      return [
        {
          path: [...path, role, index],
          message: `${name} would lead to itself`,
          remedy: "give each side's own name",
        },
      ];
    }),
  );

const sameSides = ({ type, main, standby }: Entry): boolean => {
  const [here, there] = [main, standby].map((each) =>
    each
      .map((text) => canonicalData(type, text) ?? '')
      .toSorted()
      .join('\n'),
  );
  return here === there;
};

const recordClashes = (dns: Dns, record: Entry, index: number): readonly Clash[] => {
  const path: Path = ['switches', 'dns', 'records', index];
  const values = valueClashes(record, path);
  const clashes = [...values, ...(values.length > 0 ? [] : targetClashes(record, path))];
  const before = dns.records.slice(0, index).filter(({ name }) => fullName(name) === fullName(record.name));
  if (!isWithin(record.name, dns.zone))
    clashes.push({
      path: [...path, 'name'],
      message: `${record.name} is not in the zone ${dns.zone}`,
      remedy: 'give the whole name, or the zone that it is in',
    });
  if (before.some(({ type }) => type === record.type))
    clashes.push({
      path,
      message: `${record.name} ${record.type} is given twice`,
      remedy: 'give all its values in one',
    });
  else if (before.length > 0 && [...before, record].some(({ type }) => type === 'CNAME'))
    clashes.push({
      path: [...path, 'type'],
      message: `a CNAME of ${record.name} cannot stand beside other records of that name`,
      remedy: 'keep the CNAME alone, or use A and AAAA records',
    });
  if (record.type === 'CNAME' && fullName(record.name) === fullName(dns.zone))
    clashes.push({
      path: [...path, 'type'],
      message: `${record.name} is the zone itself, which has other data: a CNAME cannot stand beside it`,
      remedy: `use A and AAAA records, or a name in the zone such as sip.${record.name}`,
    });
  if (record.ttlMs % 1000 !== 0)
    clashes.push({
      path: [...path, 'ttl'],
      message: `${printDuration(record.ttlMs)} is not a whole number of seconds`,
      remedy: 'give whole seconds',
    });
  if (clashes.length === 0 && sameSides(record))
    clashes.push({
      path: [...path, 'standby'],
      message: 'both sides are the same: there would be nothing to switch',
      remedy: "give each side's own values, or leave the record out",
    });
  return clashes;
};

const epochClashes = ({ epochName, zone, records }: Dns): readonly Clash[] => {
  if (epochName === null) return [];
  const path = ['switches', 'dns', 'epoch-name'];
  if (!isWithin(epochName, zone))
    return [{ path, message: `${epochName} is not in the zone ${zone}`, remedy: 'give a name in it, or leave it out' }];
  const isTaken = records.some(({ name, type }) => type === 'CNAME' && fullName(name) === fullName(epochName));
  return isTaken
    ? [{ path, message: `${epochName} is a CNAME, which stands alone`, remedy: 'give a name of its own' }]
    : [];
};

/** Contradictions between keys of `switches.dns`. */
export const dnsClashes = ({ dns }: Config['switches']): readonly Clash[] =>
  dns === null
    ? []
    : [...dns.records.flatMap((record, index) => recordClashes(dns, record, index)), ...epochClashes(dns)];

/** What is allowed and deserves a word. */
export const dnsNotes = ({ dns }: Config['switches']): readonly string[] =>
  (dns?.records ?? [])
    .filter(({ ttlMs }) => ttlMs > LONGEST_TTL_MS)
    .map(
      ({ name, type, ttlMs }) =>
        `${name} ${type} may be kept for ${printDuration(ttlMs)}: so long phones call who served before`,
    );
