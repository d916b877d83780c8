/** Every check of this program, by family. A family of somebody else's is added here, in one line. */
import type { Definition } from './check.ts';
import { alarmChecks } from './families/alarms.ts';
import { asteriskChecks } from './families/asterisk.ts';
import { configurationChecks } from './families/configuration.ts';
import { createDnsChecks } from './families/dns.ts';
import { dnsRecordChecks } from './families/dns-records.ts';
import { etcdChecks } from './families/etcd.ts';
import { fencingChecks } from './families/fencing.ts';
import { kernelChecks } from './families/kernel.ts';
import { machineChecks } from './families/machine.ts';
import { mysqlChecks } from './families/mysql.ts';
import { networkChecks } from './families/network.ts';
import { nrpeChecks } from './families/nrpe.ts';
import { pairChecks } from './families/pair.ts';
import { createPhoneModelChecks } from './families/phone-models.ts';
import { createPhoneRestartChecks } from './families/phone-restarts.ts';
import { phoneChecks } from './families/phones.ts';
import { replicationChecks } from './families/replication.ts';
import { serviceChecks } from './families/services.ts';
import { switchChecks } from './families/switches.ts';
import { telephoneSystemChecks } from './families/telephone-system.ts';
import { createRegistry, type Registry } from './registry.ts';

/** A registry with all of them; `more` adds what a site or a test has besides. */
export const createCatalogue = (more: readonly (readonly [string, readonly Definition[]])[] = []): Registry => {
  const registry = createRegistry();
  registry.add('The pair', pairChecks());
  registry.add('Configuration', configurationChecks());
  registry.add('Network', [...networkChecks, ...nrpeChecks, ...etcdChecks, ...createDnsChecks(), ...dnsRecordChecks]);
  registry.add('Phones', phoneChecks);
  registry.add('Kernel and priority', kernelChecks);
  registry.add('Services and rivals', serviceChecks);
  registry.add('Asterisk', asteriskChecks);
  registry.add('Replication', [...replicationChecks, ...mysqlChecks]);
  registry.add('Fencing', fencingChecks);
  registry.add('The machine', machineChecks);
  registry.add('Alarms', alarmChecks);
  registry.add('XiVO and Wazo', [...telephoneSystemChecks, ...createPhoneModelChecks(), ...createPhoneRestartChecks()]);
  registry.add('Machines outside the pair', switchChecks);
  for (const [family, definitions] of more) registry.add(family, definitions);
  return registry;
};
