/** Checks of an arbiter in etcd: each member is asked for real, and what its votes need is tried from here. */
import type { EtcdConfig } from '../../config/config.ts';
import type { EtcdClient } from '../../etcd/client.ts';
import { clientOf } from '../../etcd/configured.ts';
import { clusterNumber, type EtcdHealth } from '../../etcd/wire.ts';
import { judgeCertificate } from '../certificate.ts';
import { type Definition, failed, failedBy, notApplicable, PACE, passed, type Said } from '../check.ts';

const REMEDY = 'See docs/etcd.md: members, certificates, user and role.';
const TIMEOUT_MS = 4000;
const TRIES = 5;
const MEBIBYTE = 1024 * 1024;
/** etcd refuses writes at 2 GiB unless it was told otherwise. */
const LARGE_BYTES = 1536 * MEBIBYTE;

const absent = notApplicable('the arbiter is not etcd');

const withClient = async (arbiter: EtcdConfig, act: (client: EtcdClient) => Promise<Said>): Promise<Said> => {
  const client = clientOf(arbiter, TIMEOUT_MS);
  try {
    return await act(client);
  } finally {
    client.close();
  }
};

/** What speaks against a member; null: nothing. */
const troubleOf = (arbiter: EtcdConfig, health: EtcdHealth): string | null => {
  if (health.cluster !== clusterNumber(arbiter.clusterId))
    return `is of the cluster ${health.cluster}, not of the one of arbiter.cluster-id`;
  if (!health.hasLeader) return 'knows no leader';
  if (health.errors.length > 0) return `says ${health.errors.join(', ')}`;
  if (health.sizeBytes > LARGE_BYTES)
    return `holds ${Math.round(health.sizeBytes / MEBIBYTE)} MiB: have etcd compact by itself, and defragment it`;
  return null;
};

const membersWell: Definition = {
  id: 'etcd-members-well',
  about: 'Every member of etcd answers this node, is of the configured cluster, has a leader and room.',
  severity: 'warning',
  scope: 'node',
  ...PACE.usual,
  remedy: REMEDY,
  try: async ({ config: { arbiter } }) => {
    if (arbiter.kind !== 'etcd') return absent;
    return withClient(arbiter, async (client) => {
      const all = await Promise.all(
        arbiter.endpoints.map(async (endpoint) => ({ endpoint, told: await client.health(endpoint) })),
      );
      const troubles = all.flatMap(({ endpoint, told }) => {
        if (!told.ok) return [told.error.message];
        const why = troubleOf(arbiter, told.value);
        return why === null ? [] : [`${endpoint} ${why}`];
      });
      if (troubles.length > 0) return failed(troubles.join('; '));
      return passed(`${all.length} members answer`);
    });
  },
};

const median = (spans: readonly number[]): number => spans.toSorted((a, b) => a - b)[Math.floor(spans.length / 2)] ?? 0;

/** Written and removed beside the pair's value: nothing that votes is touched. */
const votesInTime: Definition = {
  id: 'etcd-votes-in-time',
  about: 'A write of this node below its prefix is taken by etcd, and soon enough for the lease.',
  severity: 'critical',
  scope: 'node',
  ...PACE.slow,
  timeoutMs: (TRIES + 2) * TIMEOUT_MS,
  remedy: 'Give etcd disks of its own, and its members a short way to both nodes; or longer times (`timing`).',
  try: async ({ config: { arbiter, node, timing } }) => {
    if (arbiter.kind !== 'etcd') return absent;
    return withClient(arbiter, async (client) => {
      const key = `${arbiter.prefix}/check-${node.role}`;
      const before = await client.read(key);
      if (!before.ok) return failedBy(before.error);
      let { revision } = before.value.key;
      const spans: number[] = [];
      for (let n = 0; n < TRIES; n += 1) {
        const beganAt = performance.now();
        const put = await client.put(key, 'dualtone check', revision);
        if (!put.ok) return failedBy(put.error);
        ({ revision } = put.value.key);
        spans.push(performance.now() - beganAt);
      }
      await client.remove(key);
      const [usual, longest] = [Math.round(median(spans)), Math.round(Math.max(...spans))];
      const told = `a write takes ${usual} ms, ${longest} ms at most; a request has ${timing.askMs} ms`;
      return usual > timing.askMs / 4 || longest > timing.askMs / 2 ? failed(told) : passed(told);
    });
  },
};

const roleIsLimited: Definition = {
  id: 'etcd-role-is-limited',
  about: 'The user of etcd may read nothing outside the prefix of this pair.',
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Grant its role readwrite to the prefix alone, and enable authentication; see docs/etcd.md.',
  try: async ({ config: { arbiter } }) => {
    if (arbiter.kind !== 'etcd') return absent;
    return withClient(arbiter, async (client) => {
      const own = await client.read(`${arbiter.prefix}/right`);
      if (!own.ok) return failedBy(own.error);
      const beyond = await client.read('/dualtone-check-beyond-the-prefix');
      if (beyond.ok) return failed(`the user ${arbiter.user} may read keys outside ${arbiter.prefix}`);
      return beyond.error.code === 'etcd-denied' ? passed('nothing else may be read') : failedBy(beyond.error);
    });
  },
};

const certificateValid: Definition = {
  id: 'etcd-certificate-valid',
  about: 'The certificate that this node shows etcd, and the authority of its members, are valid for two weeks more.',
  severity: 'warning',
  scope: 'node',
  ...PACE.rare,
  remedy: 'Renew it, and put the new one in its place: it counts from the next connection.',
  try: async ({ config: { arbiter }, clock }) => {
    if (arbiter.kind !== 'etcd') return absent;
    const files = [arbiter.authorityFile, ...(arbiter.certificateFile === null ? [] : [arbiter.certificateFile])];
    const said = files.map((file) => judgeCertificate(file, clock.wall()));
    return said.find(({ outcome }) => outcome !== 'pass') ?? said.at(-1) ?? absent;
  },
};

export const etcdChecks: readonly Definition[] = [membersWell, votesInTime, roleIsLimited, certificateValid];
