/** What MariaDB and MySQL say differently. */
import type { GtidSet } from './gtid.ts';

/** What a server answers; numbers beyond 2^53, decimals and times are texts. */
export type MysqlRow = Readonly<Record<string, unknown>>;

/** Where a server fetches from. */
export interface Source {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Path of a PEM, readable for the server, by which the other's certificate is known; null: through SSH, plain. */
  readonly caFile: string | null;
}

/** What of the source's transactions is applied. */
export interface Filters {
  readonly databases: readonly string[];
  /** Tables left out, `database.table`. */
  readonly exclude: readonly string[];
}

export interface ThreadStatus {
  readonly state: 'running' | 'connecting' | 'stopped';
  readonly errno: number;
  readonly error: string;
}

/** How the link stands that was set up here. */
export interface LinkStatus {
  readonly host: string;
  readonly port: number;
  readonly byGtid: boolean;
  readonly receiving: ThreadStatus;
  readonly applying: ThreadStatus;
  /** Of this link; null where nothing has come. */
  readonly received: GtidSet | null;
}

/** What a server has. */
export interface Position {
  readonly executed: GtidSet;
  /** As the server writes it: what its log of changes holds, and (MariaDB) up to where it has followed. */
  readonly log: string;
  readonly followed: string;
}

export interface Begin {
  readonly own: Position;
  /** `Position.log` of the other. */
  readonly logThere: string;
  /** This node's: 1 the main's, 2 the standby's. */
  readonly serverId: ServerId;
}

/** 1: the main's server; 2: the standby's. With MariaDB the number of its domain too. */
export type ServerId = 1 | 2;

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** False: it takes a restart. */
  readonly dynamic: boolean;
  /** Another value that does as well. */
  readonly accepts?: (value: string) => boolean;
}

export interface Dialect {
  readonly kind: 'mariadb' | 'mysql';
  readonly version: string;
  /** What people call it. */
  readonly title: string;
  readonly parse: (text: string) => GtidSet | null;
  readonly positionQuery: string;
  readonly position: (row: MysqlRow) => Position;
  readonly statusQuery: string;
  readonly status: (row: MysqlRow) => LinkStatus;
  /** The error by which the server says that there is no such link. */
  readonly noLinkErrno: number;
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly stopApplying: readonly string[];
  readonly forget: readonly string[];
  /** Sets the link up, stopped; where it begins comes of both logs. `serverId`: this node's. */
  readonly follow: (source: Source, filters: Filters, begin: Begin) => readonly string[];
  readonly readOnly: (on: boolean) => readonly string[];
  readonly readOnlyQuery: string;
  /** `waitMs` null: each side goes on without the other. */
  readonly semiSync: (side: 'source' | 'receiver', waitMs: number | null) => readonly string[];
  /** What has to hold for GTID replication with `serverId` 1 (main) or 2 (standby). */
  readonly settings: (serverId: ServerId) => readonly Setting[];
  /** Lines of its configuration beside the settings. */
  readonly fileLines: readonly string[];
  /** Rights on `*.*` of the account that steers. */
  readonly steerRights: string;
  /** `bind_address` takes a list. */
  readonly severalAddresses: boolean;
  readonly configDirectory: string;
}
