import { ok, type Result } from '../../src/core/result.ts';
import type { Host } from '../hosts/host.ts';
import { runChecked } from '../process.ts';

const table = 'inet lab_deaf';

/** Between the adding that makes sure it exists and the deleting, the table comes and goes in one transaction. */
const hearing = `add table ${table}\ndelete table ${table}\n`;

const deaf = `${hearing}table ${table} {
  chain input {
    type filter hook input priority -400; policy accept;
    udp dport 5060 drop
    tcp dport 5060 drop
  }
}
`;

/**
 * SIP no longer arrives at a host's Asterisk, from outside or from the host itself; all else does, the manager too. Like an Asterisk
 * whose SIP stack is stuck. A table of its own in the host's network: the agent's table stays as it is.
 */
export const setDeaf = async (host: Host, isDeaf: boolean): Promise<Result<void>> => {
  const argv = ['nsenter', `--net=/run/netns/${host.netns}`, '--', 'nft', '-f', '-'];
  const result = await runChecked(argv, { input: isDeaf ? deaf : hearing });
  return result.ok ? ok(undefined) : result;
};
