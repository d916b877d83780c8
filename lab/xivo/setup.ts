import type { PairSetup } from '../pair/setup.ts';

/** Which machines outside the pair a XiVO pair moves with its service. They are all there in either case. */
export interface XivoSetup {
  readonly edge: boolean;
  readonly contactCentre: boolean;
  readonly berofos: boolean;
  /** Events go to the reporting database and to the stand-in for Elasticsearch. */
  readonly reporting: boolean;
}

/** A XiVO pair by itself. */
export const plainXivo: XivoSetup = { edge: false, contactCentre: false, berofos: false, reporting: false };
/** With everything around it. */
export const wholeXivo: XivoSetup = { edge: true, contactCentre: true, berofos: true, reporting: true };

/** A pair with the profile `xivo` and its real database. */
export const xivoPair = (xivo: XivoSetup): Partial<PairSetup> => ({ data: 'snapshot', xivo });

/** How a scenario begins: in this topology, with such a pair. */
export const plain = { needs: { xivo: true }, setup: xivoPair(plainXivo) } as const;
export const whole = { needs: { xivo: true }, setup: xivoPair(wholeXivo) } as const;
