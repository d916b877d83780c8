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
