/** How each node's power is reached: which devices, in which order. */

/** `bmc`: a management board of each server, by IPMI. `hypervisor`: what both would run on, by Redfish. */
export type PowerDevice = 'bmc' | 'hypervisor';

export interface FencingSetup {
  /** In the order in which they are tried; all devices of one must say off. */
  readonly levels: readonly (readonly PowerDevice[])[];
  readonly afterOff: 'stay-off' | 'power-on';
}
