/** What differs between pairs of two sites. */
export interface RemsysSetup {
  /** Which name server takes the updates; the other make follows it as a secondary. */
  readonly primary: 'bind' | 'knot';
  /** `nrpe`: as the original, three daemons that are all asked. `voters`: Dualtone on the same three hosts. */
  readonly checkpoints: 'nrpe' | 'voters';
  /** How long phones may keep the name, in s. */
  readonly ttlS: number;
  /** A passive node refuses callers, instead of being silent. */
  readonly refuses: boolean;
  /** The telephone system's database, which follows; null: it has none. */
  readonly mysql: MysqlOfLab | null;
  /** Asterisk's own files follow too, by the way that `via: ssh` opens. */
  readonly files: boolean;
}

export interface MysqlOfLab {
  readonly make: 'mariadb' | 'mysql';
  /** How the servers reach each other. */
  readonly via: 'tls' | 'ssh';
}

/** The minute of the original is two seconds here, and its thirty seconds one. */
export const lookEveryMs = 2000;
/** In a row, as the original's counter. */
export const badLooks = 5;

export const usualRemsys: RemsysSetup = {
  primary: 'bind',
  checkpoints: 'nrpe',
  ttlS: 1,
  refuses: true,
  mysql: null,
  files: false,
};
