import type { Host } from './hosts/host.ts';
import type { Address } from './network/addressing.ts';

/** Where everybody of a lab is found: all that files and configurations speak of. */
export interface LabPlaces {
  readonly host: (name: string) => Pick<Host, 'address'>;
  readonly gateway: Address;
  /** The address under which telephony is reached. */
  readonly virtual: Address;
}
