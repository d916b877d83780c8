/** Many pairs on one cluster, each of two nodes with the real core and the real client, and how long etcd took to answer them. */
import { createHub, type EtcdNode, type Hub, isServing, startEtcdNode } from '../../src/agent/testing/etcd-pair.ts';
import { configWith } from '../../src/checks/testing/around.ts';
import { toSettings } from '../../src/config/settings.ts';
import type { Settings } from '../../src/core/settings.ts';
import type { Role } from '../../src/core/words.ts';
import type { EtcdClient } from '../../src/etcd/client.ts';
import { clientOf, type EtcdFiles } from '../../src/etcd/configured.ts';
import type { Cluster } from '../../src/etcd/testing/cluster.ts';

export interface BenchPair {
  readonly hub: Hub;
  readonly nodes: Readonly<Record<Role, EtcdNode>>;
}

/** Spans of requests, ms, since it was emptied. */
export interface Spans {
  readonly reads: number[];
  readonly puts: number[];
  refused: number;
}

const roles: readonly Role[] = ['main', 'standby'];

const prefixOf = (index: number): string => `/dualtone/pair${index}`;
const userOf = (index: number): string => `pair${index}`;

/** One role and one user for each pair, as the handbook has it. */
export const addPairs = async (cluster: Cluster, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) {
    const user = userOf(index);
    await cluster.etcdctl('role', 'add', user);
    await cluster.etcdctl('role', 'grant-permission', user, '--prefix=true', 'readwrite', `${prefixOf(index)}/`);
    await cluster.etcdctl('user', 'add', `${user}:secret`);
    await cluster.etcdctl('user', 'grant-role', user, user);
  }
};

const settingsOf = (role: Role, cluster: Cluster, files: EtcdFiles): Settings => {
  const arbiter = [
    `kind: etcd, endpoints: [${cluster.endpoints.join(', ')}], cluster-id: '${cluster.id}', prefix: /dualtone/pair`,
    `user: ${files.user}, password-file: ${files.passwordFile}, authority-file: ${files.authorityFile}`,
    `certificate-file: ${files.certificateFile ?? ''}, key-file: ${files.keyFile ?? ''}`,
  ];
  return toSettings(configWith(`preset: etcd\narbiter: { ${arbiter.join(', ')} }\n`, role));
};

const timed = (client: EtcdClient, spans: Spans): EtcdClient => {
  const within = async <T extends { readonly ok: boolean }>(into: number[], act: () => Promise<T>): Promise<T> => {
    const beganAt = performance.now();
    const told = await act();
    if (told.ok) into.push(performance.now() - beganAt);
    else spans.refused += 1;
    return told;
  };
  return {
    ...client,
    read: (key) => within(spans.reads, () => client.read(key)),
    put: (key, value, ifRevision) => within(spans.puts, () => client.put(key, value, ifRevision)),
  };
};

/** Members that a pair tries first: a third each, as an administrator would list them. */
const turned = (endpoints: readonly string[], by: number): readonly string[] =>
  endpoints.map((_, index) => endpoints[(index + by) % endpoints.length] ?? '');

const startNode = async (cluster: Cluster, index: number, role: Role, hub: Hub, spans: Spans): Promise<EtcdNode> => {
  const files = { ...cluster.files, user: userOf(index), endpoints: turned(cluster.endpoints, index) };
  const settings = settingsOf(role, cluster, files);
  return await startEtcdNode({
    settings,
    link: hub.linkOf(role),
    cluster: cluster.id,
    prefix: prefixOf(index),
    client: timed(clientOf(files, 0.8 * settings.timing.askMs), spans),
    seed: 2 * index + (role === 'main' ? 1 : 2),
    onHalted: (law) => {
      throw new Error(`pair ${index}: ${law}`);
    },
  });
};

/** All of them at once; returns when each main serves, with the time that took. Throws when one does not. */
export const startPairs = async (
  cluster: Cluster,
  count: number,
  spans: Spans,
): Promise<{ readonly pairs: readonly BenchPair[]; readonly tookMs: number }> => {
  const beganAt = performance.now();
  const pairs = await Promise.all(
    Array.from({ length: count }, async (_, index): Promise<BenchPair> => {
      const hub = createHub();
      const [main, standby] = await Promise.all(
        roles.map(async (role) => await startNode(cluster, index, role, hub, spans)),
      );
      if (main === undefined || standby === undefined) throw new Error('a pair has two nodes');
      return { hub, nodes: { main, standby } };
    }),
  );
  await Promise.all(pairs.map(async ({ nodes }) => await nodes.main.until('serves', isServing)));
  return { pairs, tookMs: performance.now() - beganAt };
};

export const stopPairs = async (pairs: readonly BenchPair[]): Promise<void> => {
  await Promise.all(pairs.flatMap(({ nodes }) => roles.map(async (role) => await nodes[role].die())));
};

/** Pairs of which both nodes, or none, serve. */
export const servingOf = (pairs: readonly BenchPair[]): { readonly both: number; readonly nobody: number } => {
  const counts = pairs.map(({ nodes }) => roles.filter((role) => isServing(nodes[role].loop.state())).length);
  return { both: counts.filter((each) => each === 2).length, nobody: counts.filter((each) => each === 0).length };
};
