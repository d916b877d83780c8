/** What a scenario wants of the lab itself, which is the same for its whole life. */

export interface Load {
  readonly endpoints: number;
  readonly registrationsAMinute: number;
}

/** How a lab for it must be built; what is left out is as usual. */
export interface LabNeeds {
  /** A small disk for the agents' state, which can be filled; or one of so many MiB. */
  readonly stateDisk?: boolean | number;
  /** A clock under the agents and the checkpoint that can be stepped. */
  readonly falseClock?: boolean;
  /** What stands around a XiVO pair; a setup with `xivo` needs it. */
  readonly xivo?: boolean;
  /** With `xivo`: Debian 11's Asterisk 16 in place of a current one; a setup with `chanSip` needs it. */
  readonly asterisk?: 16;
  /** Two versions of the Debian package, which the hosts find at `packagePath`. */
  readonly packages?: boolean;
  /** The Debian of every host, with its dpkg and systemd; default: sid. */
  readonly debian?: 11 | 12;
  /** So many telephones, whatever the series has, each of which registers again and again, all together so often. */
  readonly load?: Load;
  /** Two sites with a router between; a setup with `remsys` needs it. Which name server is the primary is a lab's whole life long. */
  readonly remsys?: 'bind' | 'knot';
  /** A cluster of three; a setup with `etcd` needs it. */
  readonly etcd?: boolean;
  /** Of two sites: what the zone has at first, in s; a change of it would be none to those who write names. */
  readonly ttlS?: number;
  /** Of two sites: the database server that both nodes have. */
  readonly mysql?: 'mariadb' | 'mysql';
  /** What has the nodes' power; a setup with `fencing` needs it. */
  readonly fencing?: boolean;
}
