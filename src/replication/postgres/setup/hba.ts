/** Dualtone's lines in pg_hba.conf: a marked block before all others, everything else byte for byte as it was. */
import { isIP } from 'node:net';

export interface AccessWanted {
  readonly database: string;
  readonly role: string;
  /** Addresses from which the other node connects with TLS; empty where it comes through SSH or not at all. */
  readonly peers: readonly string[];
  /** The other node's connections arrive at the loopback address, out of an SSH tunnel. */
  readonly throughSsh: boolean;
}

const BEGIN = '# >>> dualtone: written by `dualtone database setup`; do not edit >>>';
const END = '# <<< dualtone <<<';

/** Whether a name can be written in pg_hba.conf without doubt. */
export const fitsHba = (name: string): boolean => /^[^"\\\p{Cc}]{1,63}$/u.test(name);

const network = (address: string): string => {
  const family = isIP(address);
  if (family === 0) throw new Error(`no address: ${address}`);
  return `${address}/${family === 4 ? 32 : 128}`;
};

/**
 * The block, with its line end. Dualtone's role comes in by password over the socket and from the other node, and from
 * nowhere else by nothing: the last lines refuse it, whatever the administrator's own lines allow.
 */
export const hbaBlock = ({ database, role, peers, throughSsh }: AccessWanted): string => {
  if (!fitsHba(database) || !fitsHba(role)) throw new Error('a name that pg_hba.conf cannot hold');
  const who = `"${database}" "${role}"`;
  return [
    BEGIN,
    `local ${who} scram-sha-256`,
    ...peers.map((address) => `hostssl ${who} ${network(address)} scram-sha-256`),
    ...(throughSsh ? ['127.0.0.1/32', '::1/128'].map((loopback) => `host ${who} ${loopback} scram-sha-256`) : []),
    `local all,replication "${role}" reject`,
    `host all,replication "${role}" all reject`,
    END,
    '',
  ].join('\n');
};

export interface BlockFound {
  /** The block as it stands, with its line end; null when there is none. */
  readonly block: string | null;
  /** The file without it. */
  readonly rest: string;
  /** Whether a rule stands before it, which would be asked first. */
  readonly first: boolean;
}

/** Finds the block. Null: the marks are broken (one without the other, or several), and no program should mend that. */
export const findBlock = (content: string): BlockFound | null => {
  const begins = content.split(BEGIN).length - 1;
  const ends = content.split(END).length - 1;
  if (begins === 0 && ends === 0) return { block: null, rest: content, first: false };
  const from = content.indexOf(BEGIN);
  const to = content.indexOf(END);
  if (begins !== 1 || ends !== 1 || to < from || (from > 0 && content[from - 1] !== '\n')) return null;
  const after = content.indexOf('\n', to);
  const upTo = after === -1 ? content.length : after + 1;
  const before = content.slice(0, from);
  return {
    block: content.slice(from, upTo),
    rest: before + content.slice(upTo),
    first: before.split('\n').every((line) => /^\s*(#|$)/.test(line)),
  };
};

/** The file with the block in front. */
export const withBlock = (rest: string, block: string): string => block + rest;
