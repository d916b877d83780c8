/** How each node's power is reached: which devices, in which order. */
import type { LabNeeds } from '../needs.ts';
import type { PairSetup } from '../pair/setup.ts';

/** `bmc`: a management board of each server, by IPMI. `hypervisor`: what both would run on, by Redfish. */
export type PowerDevice = 'bmc' | 'hypervisor';

export interface FencingSetup {
  /** In the order in which they are tried; all devices of one must say off. */
  readonly levels: readonly (readonly PowerDevice[])[];
  readonly afterOff: 'stay-off' | 'power-on';
}

/** How a scenario begins: devices, and as many checkpoints that vote; by default none, so that the device decides. */
export const fenced = (
  levels: FencingSetup['levels'] = [['bmc']],
  change: { readonly checkpoints?: number; readonly afterOff?: FencingSetup['afterOff'] } = {},
): { readonly needs: LabNeeds; readonly setup: Partial<PairSetup> } => ({
  needs: { fencing: true },
  setup: { checkpoints: change.checkpoints ?? 0, fencing: { levels, afterOff: change.afterOff ?? 'stay-off' } },
});
