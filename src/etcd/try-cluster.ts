/** Asks a cluster whether it could vote for a pair, before the pair relies on it. Writes nothing. */
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { clientOf, type EtcdFiles } from './configured.ts';
import { clusterNumber } from './wire.ts';

export interface ClusterNames extends EtcdFiles {
  readonly clusterId: string;
  readonly prefix: string;
}

/** So many of so many members answer, and the pair's user may read below its prefix. */
export interface Tried {
  readonly answering: number;
  readonly members: number;
}

const otherCluster = (endpoint: string, cluster: string) =>
  fail(
    'etcd-other-cluster',
    `etcd at ${endpoint} is of the cluster ${cluster}, not of the one of \`arbiter.cluster-id\`.`,
    'Compare `etcdctl endpoint status -w json` with `cluster-id`, and see `endpoints`.',
  );

/** Faults: of the members, the first that tells why no majority answers; `etcd-other-cluster`; `etcd-denied` and others of a read. */
export const tryCluster = async (names: ClusterNames, timeoutMs: Millis): Promise<Result<Tried>> => {
  const client = clientOf(names, timeoutMs);
  try {
    const { endpoints } = names;
    const told = await Promise.all(endpoints.map(async (each) => await client.health(each)));
    const [fault] = told.flatMap((each) => (each.ok ? [] : [each]));
    const answering = endpoints.length - told.filter((each) => !each.ok).length;
    if (fault !== undefined && answering <= endpoints.length / 2) return fault;
    const number = clusterNumber(names.clusterId);
    for (const [index, each] of told.entries())
      if (each.ok && each.value.cluster !== number) return otherCluster(endpoints[index] ?? '', each.value.cluster);
    const read = await client.read(`${names.prefix}/right`);
    return read.ok ? ok({ answering, members: endpoints.length }) : read;
  } finally {
    client.close();
  }
};
