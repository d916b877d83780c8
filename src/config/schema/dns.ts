import { z } from 'zod';
import { isName } from '../../switches/dns/name.ts';
import { absolutePath, address, duration, port } from './scalars.ts';

const dnsName = () =>
  z
    .string()
    .refine(isName, 'a name of the DNS: labels of letters, digits, dashes and underscores, with dots between')
    .meta({ format: 'dns-name' });

const server = {
  address: address().describe('Its address.'),
  port: port().default(53).describe('Its port, TCP.'),
};

const side = (role: string) =>
  z
    .array(z.string().min(1).max(500))
    .min(1)
    .max(16)
    .describe(`Its values while the ${role} is active, as in a zone file; names are whole ones.`);

const recordSchema = z.strictObject({
  name: dnsName().describe('Its whole name, such as sip.example.org or _sip._udp.example.org.'),
  type: z.enum(['A', 'AAAA', 'CNAME', 'SRV', 'NAPTR']).describe('Its type.'),
  ttl: duration(1000)
    .prefault('30s')
    .describe('For how long who asked may keep it: so long phones call who served before.'),
  main: side('main'),
  standby: side('standby'),
});

/** Names that phones and providers follow. */
export const dnsSchema = z
  .strictObject({
    server: z.strictObject(server).describe('The name server that takes updates (RFC 2136), and has the zone.'),
    others: z
      .array(z.strictObject(server))
      .max(16)
      .prefault([])
      .describe('The other servers of the zone: each is asked after a change until it tells it.'),
    zone: dnsName().describe('The zone that is updated.'),
    'key-file': absolutePath()
      .default('/etc/dualtone/dns.key')
      .describe('The TSIG key, as `tsig-keygen` prints it; mode 0600.'),
    'epoch-name': dnsName()
      .nullable()
      .prefault(null)
      .describe('Where a TXT record tells under which epoch the names were set; `_dualtone` in the zone if null.'),
    records: z.array(recordSchema).min(1).max(64).describe('What follows service; all in one update.'),
    timeout: duration(100).prefault('3s').describe('Of one question.'),
    settle: duration(1000)
      .prefault('60s')
      .describe('From the update until every server must tell it; it is an error then.'),
  })
  .nullable()
  .prefault(null)
  .describe('Names in the DNS by which callers find the active node; both nodes have the same. See docs/dns.md.');
