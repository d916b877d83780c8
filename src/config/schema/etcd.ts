import { z } from 'zod';
import { absolutePath, duration } from './scalars.ts';

const endpoint = () =>
  z
    .string()
    .regex(
      /^https:\/\/(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9a-fA-F:]+\]):[1-9]\d{0,4}$/,
      'the address of a member, such as https://10.0.0.11:2379',
    );

/** The cluster's number as etcdctl prints it, in digits, or as its log does, in 16 hexadecimal digits. */
const clusterId = () =>
  z
    .string()
    .regex(/^(?:[0-9a-f]{16}|\d{17,20})$/, 'the number of a cluster: 16 hexadecimal digits, or 17 to 20 digits');

const prefix = () =>
  z
    .string()
    .regex(
      /^\/[A-Za-z0-9._/-]{1,120}[A-Za-z0-9_-]$/,
      'a prefix of keys, such as /dualtone/office, without a slash at its end',
    );

/** `kind: etcd` below `arbiter`. */
export const etcdSchema = z.strictObject({
  kind: z
    .literal('etcd')
    .describe('`etcd`: an etcd cluster votes, for those who run one for many pairs (docs/etcd.md).'),
  endpoints: z.array(endpoint()).min(1).max(9).describe('Its members, as `https://ADDRESS:PORT`; all of them.'),
  'cluster-id': clusterId().describe(
    'The number of the cluster, as `etcdctl endpoint status -w json` prints it (quoted), or in 16 hexadecimal digits: any other cluster is refused.',
  ),
  prefix: prefix().describe('Below it lie the keys of this pair, and of no other.'),
  user: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'the name of a user')
    .describe('The user of etcd, whose role is limited to the prefix.'),
  'password-file': absolutePath().describe('Its password, mode 0600.'),
  'authority-file': absolutePath().describe('PEM file of who signed the certificates of the members.'),
  'certificate-file': absolutePath()
    .nullable()
    .prefault(null)
    .describe("PEM file of this node's certificate; null: the members ask for none."),
  'key-file': absolutePath().nullable().prefault(null).describe('PEM file of its key, mode 0600.'),
  'when-lost': z
    .enum(['wait', 'likely'])
    .default('wait')
    .describe('It stays lost: `wait` for it, or agree to do without (`likely`).'),
  'lost-after': duration(1000).prefault('60s').describe('With `likely`: after this long without an answer.'),
});
