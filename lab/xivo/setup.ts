import type { PairSetup } from '../pair/setup.ts';

/** Which machines outside the pair a XiVO pair moves with its service. They are all there in either case. */
export interface XivoSetup {
  readonly edge: boolean;
  readonly contactCentre: boolean;
  readonly berofos: boolean;
  /** Events go to the reporting database and to the stand-in for Elasticsearch. */
  readonly reporting: boolean;
  /** The nodes' telephones and trunks are chan_sip's; needs Asterisk 16. */
  readonly chanSip?: true;
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
/** The same with Asterisk 16 and chan_sip. */
export const plainChanSip = {
  needs: { xivo: true, asterisk: 16 },
  setup: xivoPair({ ...plainXivo, chanSip: true }),
} as const;
/** Without a database: calls from outside are ten times as many. */
export const bareChanSip = {
  needs: { xivo: true, asterisk: 16 },
  setup: { xivo: { ...plainXivo, chanSip: true } },
} as const;
/** And with everything around it but reports, which need a database. */
export const aroundChanSip = {
  needs: { xivo: true, asterisk: 16 },
  setup: { xivo: { ...wholeXivo, reporting: false, chanSip: true } },
} as const;
