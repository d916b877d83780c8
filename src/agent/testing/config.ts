/** Configurations for tests of the agent. */

import type { Config } from '../../config/config.ts';
import { parseConfig, printProblem } from '../../config/parse.ts';
import { planOf } from '../../config/settings.ts';

export type { Config };

const BASE: Readonly<Record<'main' | 'standby', string>> = {
  main: 'node: { role: main, name: pbx1, address: 10.0.0.1 }\npeer: { name: pbx2, address: 10.0.0.2 }\n',
  standby: 'node: { role: standby, name: pbx2, address: 10.0.0.2 }\npeer: { name: pbx1, address: 10.0.0.1 }\n',
};

const REST = `
virtual-ip: { addresses: [10.0.0.10/24], interface: eth0 }
arbiter: { kind: checkpoints, checkpoints: [{ name: cp1, address: 10.0.0.3 }] }
failback: { policy: manual }
`;

/** A valid configuration of that role, with `more` at its end. Throws when it is not valid. */
export const configOf = (role: 'main' | 'standby', more = ''): Config => {
  const parsed = parseConfig(`${BASE[role]}${REST}${more}`);
  if (parsed.ok) return parsed.config;
  throw new Error(parsed.problems.map((problem) => printProblem('test', problem)).join('\n'));
};

export const planIds = (config: Config): readonly string[] => planOf(config).map(({ id }) => id);
