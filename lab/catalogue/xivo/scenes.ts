import type { PairSetup } from '../../pair/setup.ts';
import { plainXivo, wholeXivo, type XivoSetup } from '../../xivo/setup.ts';

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
