/** The strictest firewall in which a pair must do: the main reaches 22 and 5432 of the standby, besides ICMP and the agents' datagrams. */
import { DEFAULT_PORT } from '../../src/config/schema.ts';
import { ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';

const rulesOn = (peer: string, lets: string): string => `table inet lab_strict
delete table inet lab_strict
table inet lab_strict {
  chain input {
    type filter hook input priority -10; policy accept;
    ip saddr != ${peer} accept
    meta l4proto icmp accept
    udp dport ${DEFAULT_PORT} accept
    ${lets}
    counter drop
  }
}
`;

/** In both kernels, beside the agents' own tables; gone with the next boot. Nothing the standby begins reaches the main. */
export const closeFirewall = async (main: Host, standby: Host): Promise<Result<void>> => {
  const rules: readonly (readonly [Host, string])[] = [
    [main, rulesOn(standby.address.v4, 'tcp sport { 22, 5432 } ct state established accept')],
    [standby, rulesOn(main.address.v4, 'tcp dport { 22, 5432 } accept')],
  ];
  for (const [host, input] of rules) {
    const done = await host.execChecked(['nft', '-f', '-'], { input });
    if (!done.ok) return done;
  }
  return ok(undefined);
};
