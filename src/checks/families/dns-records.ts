/** The records that `switches.dns` moves, as their own servers tell them: short enough, and the same everywhere. */

import { placeOf } from '../../switches/dns/exchange.ts';
import { lookUp } from '../../switches/dns/name-server.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed } from '../check.ts';
import { LONGEST_TTL } from './dns.ts';

const recordsShort: Definition = {
  id: 'dns-records-short',
  about: 'Names that `switches.dns` moves may be kept for 30 s at most, and every server of the zone tells the same.',
  severity: 'warning',
  scope: 'node',
  ...PACE.slow,
  remedy:
    'Give these records a TTL of 30 s or less, a day before service may move, and see how the zone comes to each server.',
  try: async ({ config }, signal) => {
    const { dns } = config.switches;
    if (dns === null) return notApplicable('no names in the DNS are moved');
    const bounds = { timeoutMs: dns.timeoutMs, signal };
    const places = [dns.server, ...dns.others];
    for (const { name, type } of dns.records) {
      let first = '';
      for (const place of places) {
        const told = await lookUp(place, dns.zone, name, type, bounds);
        if (!told.ok) return failedBy(told.error);
        const { ttl, data } = told.value;
        if (data.length === 0) return failed(`${placeOf(place)} tells no ${name} ${type}`);
        if (ttl > LONGEST_TTL)
          return failed(`${name} ${type} may be kept for ${ttl} s: so long a phone calls who served before`);
        if (first === '') first = data.join(' ');
        else if (first !== data.join(' '))
          return failed(`${placeOf(place)} tells another ${name} ${type} than ${placeOf(dns.server)}`);
      }
    }
    return passed(`${dns.records.length} records, ${places.length} servers`);
  },
};

export const dnsRecordChecks: readonly Definition[] = [recordsShort];
