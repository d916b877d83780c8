/** What a cluster of three real members uses of the machine, from the kernel and from etcd's own numbers. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { accessOf, clientOf } from '../../src/etcd/configured.ts';
import type { Cluster } from '../../src/etcd/testing/cluster.ts';

const tickMs = 10;

/** Of one member since it began. */
export interface MemberUse {
  readonly processorMs: number;
  readonly memoryMib: number;
  /** What it gave to its disk, the kernel's count. */
  readonly writtenBytes: number;
  /** Calls that wait for the disk: of its log, and of its database. */
  readonly syncs: number;
  readonly syncMs: number;
  readonly leads: boolean;
  readonly databaseBytes: number;
  /** Of the database's, what is not free for reuse. */
  readonly databaseUsedBytes: number;
}

const metricsOf = async (cluster: Cluster, endpoint: string): Promise<string> => {
  const access = accessOf(cluster.files);
  if (!access.ok) throw new Error(access.error.message);
  const { authority: ca, certificate, key } = access.value;
  const agent = new Agent({ ca, ...(certificate === null || key === null ? {} : { cert: certificate, key }) });
  return await new Promise((resolve, reject) => {
    const asked = request(new URL('/metrics', endpoint), { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  }).then((text) => {
    agent.destroy();
    return String(text);
  });
};

/** The value of one that has no labels; 0 where it is absent. */
const metric = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);

const processorMsOf = async (pid: number): Promise<number> => {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
};

const numberIn = async (path: string, pattern: RegExp): Promise<number> =>
  Number(pattern.exec(await readFile(path, 'utf8'))?.[1] ?? 0);

/** The processor time of all members together, ms. */
export const clusterProcessorMs = async (cluster: Cluster): Promise<number> =>
  (await Promise.all(cluster.pids().map(processorMsOf))).reduce((sum, each) => sum + each, 0);

/** Each member's use, in the order of their endpoints. Throws when one does not answer. */
export const useOf = async (cluster: Cluster): Promise<readonly MemberUse[]> => {
  const client = clientOf(cluster.files, 10_000);
  const pids = cluster.pids();
  const all = await Promise.all(
    cluster.endpoints.map(async (endpoint, index): Promise<MemberUse> => {
      const pid = pids[index] ?? 0;
      const [text, health] = await Promise.all([metricsOf(cluster, endpoint), client.health(endpoint)]);
      if (!health.ok) throw new Error(health.error.message);
      const of = (name: string): number => metric(text, name);
      return {
        processorMs: await processorMsOf(pid),
        memoryMib: (await numberIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m)) / 1024,
        writtenBytes: await numberIn(`/proc/${pid}/io`, /^write_bytes: (\d+)$/m),
        syncs: of('etcd_disk_wal_fsync_duration_seconds_count') + of('etcd_disk_backend_commit_duration_seconds_count'),
        syncMs: of('etcd_disk_wal_fsync_duration_seconds_sum') * 1000,
        leads: health.value.leads,
        databaseBytes: of('etcd_mvcc_db_total_size_in_bytes'),
        databaseUsedBytes: of('etcd_mvcc_db_total_size_in_use_in_bytes'),
      };
    }),
  );
  client.close();
  return all;
};
