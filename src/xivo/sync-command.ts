/** `xivo-sync [-i]`: who does it here, and in which words. */
import { existsSync } from 'node:fs';
import { askWork } from '../api/client.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { wazoStreams, xivoStreams } from '../profiles/xivo/streams.ts';
import type { StreamRun } from '../replication/stream.ts';
import { copyIdArgv, type LetIn, makeKey, type SyncWay, syncFiles } from './file-sync.ts';
import { EXIT, type Ground, readHaConf } from './ground.ts';

export const KEY_FILE = '/root/.ssh/xivo_id_rsa';
const KNOWN_HOSTS = '/root/.ssh/xivo_known_hosts';

interface Main {
  readonly standby: string;
  readonly directories: readonly string[];
}

const notMain = () =>
  fail(
    'xivo-not-main',
    'This node is not the main.',
    'Run it on the main; its role stands in /etc/xivo/ha.conf or in Dualtone’s configuration.',
  );

/** By Dualtone's configuration, else by XiVO's own file. */
const readMain = (ground: Ground): Result<Main> => {
  const config = ground.config();
  if (config !== null) {
    if (config.node.role !== 'main') return notMain();
    const { directories } = config.streams.files;
    return ok({ standby: config.peer.address, directories: directories.map(String) });
  }
  const conf = readHaConf(ground);
  if (!conf.ok) return conf;
  if (conf.value.role !== 'main' || conf.value.address === null) return notMain();
  const { files } = ground.original.era === 'wazo' ? wazoStreams : xivoStreams;
  return ok({ standby: conf.value.address, directories: files.directories });
};

const wayOf = (ground: Ground, standby: string): SyncWay => ({
  keyFile: ground.root + KEY_FILE,
  knownHostsFile: ground.root + KNOWN_HOSTS,
  user: 'root',
  address: standby,
  port: 22,
});

const byAgent = async (ground: Ground, isInit: boolean): Promise<number> => {
  const work = isInit ? ({ name: 'sync-init' } as const) : ({ name: 'replicate', stream: 'files' } as const);
  const done = await askWork(ground.socket, 'xivo-sync', work, ground.signal, () => undefined);
  if (!done.ok) {
    ground.err(`xivo-sync: ${done.error.message} ${done.error.remedy}`);
    return EXIT.failed;
  }
  if (!isInit) {
    ground.out((done.value as readonly StreamRun[]).map(({ text }) => text).join(' '));
    return EXIT.done;
  }
  ground.out((done.value as { readonly text: string }).text);
  ground.out(
    `There is no ${KEY_FILE}, and \`ssh -i\` with Dualtone's key does not log in: it may copy files and nothing else. To log in at the standby use your own key or password.`,
  );
  return EXIT.done;
};

const init = async (ground: Ground, way: SyncWay, letIn: LetIn): Promise<number> => {
  const made = await makeKey(ground.run, way.keyFile);
  if (!made.ok) {
    ground.err(`xivo-sync: ${made.error.message}`);
    return EXIT.failed;
  }
  if ((await letIn(copyIdArgv(way))) === 0) {
    ground.out(`The standby lets the key in: ssh -i ${way.keyFile} root@${way.address}`);
    return EXIT.done;
  }
  ground.err(
    `xivo-sync: the key was made, and the standby did not take it. Add ${way.keyFile}.pub to its /root/.ssh/authorized_keys.`,
  );
  return EXIT.failed;
};

const sync = async (ground: Ground, way: SyncWay, directories: readonly string[]): Promise<number> => {
  if (!existsSync(way.keyFile)) {
    ground.err(`xivo-sync: nothing is synchronised: there is no key. Run \`xivo-sync -i\`.`);
    return EXIT.failed;
  }
  const done = await syncFiles(ground.run, way, directories);
  if (!done.ok) {
    ground.err(`xivo-sync: ${done.error.message}`);
    return EXIT.failed;
  }
  for (const path of done.value.missing) ground.err(`xivo-sync: ${path} does not exist here.`);
  return EXIT.done;
};

/** The exit code. */
export const runSync = async (ground: Ground, isInit: boolean, letIn: LetIn): Promise<number> => {
  const main = readMain(ground);
  if (!main.ok) {
    ground.err(`xivo-sync: ${main.error.message}`);
    return EXIT.failed;
  }
  const agent = await ground.agent();
  if (agent === 'answers') return byAgent(ground, isInit);
  if (agent === 'configured') {
    ground.err(
      'xivo-sync: the agent of Dualtone is enabled here and does not answer; see `systemctl status dualtone`.',
    );
    return EXIT.agentDecides;
  }
  const way = wayOf(ground, main.value.standby);
  return isInit ? init(ground, way, letIn) : sync(ground, way, main.value.directories);
};
