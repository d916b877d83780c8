/** The four commands of XiVO by name: arguments, and who may act. */
import { isIP } from 'node:net';
import { checkMasterStatus } from './check-status.ts';
import { createReplicate, replicateDatabase } from './database-replication.ts';
import { letInByPerson } from './file-sync.ts';
import { EXIT, type Ground, holdName, readHaConf, thisGround } from './ground.ts';
import { manageServices, USAGE } from './manage-services.ts';
import { runSync } from './sync-command.ts';

type Command = (ground: Ground, args: readonly string[]) => Promise<number>;

const usage = (ground: Ground, text: string): number => {
  ground.out(text);
  return EXIT.failed;
};

/** Where an agent lives, it decides who serves. */
const unlessAgent = async (ground: Ground, instead: string, act: () => Promise<number>): Promise<number> => {
  const agent = await ground.agent();
  if (agent === 'none') return act();
  const how = agent === 'answers' ? 'decides here' : 'is enabled here and decides, though it does not answer now';
  ground.out(`The agent of Dualtone ${how}; nothing is done. ${instead}`);
  return EXIT.agentDecides;
};

/** One copy at a time: cron starts another each minute. */
const alone = async (ground: Ground, name: string, act: () => Promise<number>): Promise<number> => {
  const held = await holdName(`${name}${ground.root}`);
  if (held === null) {
    ground.out('Another copy of this command is at work; nothing is done.');
    return EXIT.alreadyRuns;
  }
  try {
    return await act();
  } finally {
    held.close();
  }
};

/** Told to look at itself, or given on the main, it would stop the services that it is to keep: why not, in a sentence. */
const notForHere = (ground: Ground, main: string): string | null => {
  if (ground.addresses().includes(main)) return `${main} is an address of this machine, not of the main`;
  const conf = readHaConf(ground);
  return conf.ok && conf.value.role === 'main' ? 'this node is the main, by /etc/xivo/ha.conf' : null;
};

const checkStatus: Command = async (ground, [address = '', ...rest]) => {
  if (isIP(address) === 0 || rest.length > 0) return usage(ground, 'usage: xivo-check-master-status <ip of the main>');
  const not = notForHere(ground, address);
  if (not !== null) {
    ground.err(
      `xivo-check-master-status: ${not}; nothing is done. Give it on the standby, with the address of the main.`,
    );
    return EXIT.failed;
  }
  return unlessAgent(ground, 'Take this line out of cron: `dualtone xivo enable` does.', () =>
    alone(ground, 'services', () => checkMasterStatus(ground, address)),
  );
};

const manage: Command = async (ground, [what, ...rest]) => {
  if ((what !== 'start' && what !== 'stop') || rest.length > 0) return usage(ground, USAGE);
  return unlessAgent(ground, 'Use `dualtone switchover`, or in manual mode `dualtone start` and `dualtone stop`.', () =>
    alone(ground, 'services', () => manageServices(ground, what)),
  );
};

const replicate: Command = async (ground, [address = '', ...rest]) => {
  if (isIP(address) === 0 || rest.length > 0)
    return usage(ground, 'usage: xivo-master-slave-db-replication <ip of the standby>');
  return alone(ground, 'database', () => replicateDatabase(ground, address, createReplicate(ground)));
};

const sync: Command = async (ground, args) => {
  const isInit = args[0] === '-i' || args[0] === '--init';
  if (args.length > (isInit ? 1 : 0)) return usage(ground, 'usage: xivo-sync [-i]');
  return alone(ground, 'files', () => runSync(ground, isInit, letInByPerson));
};

export const commandByName: Readonly<Record<string, Command>> = {
  'xivo-check-master-status': checkStatus,
  'xivo-manage-slave-services': manage,
  'xivo-master-slave-db-replication': replicate,
  'xivo-sync': sync,
};

/** Runs one by its name. The exit code. */
export const runXivoCommand = async ([name = '', ...args]: readonly string[]): Promise<number> => {
  const command = commandByName[name];
  if (command === undefined) throw new Error(`no command of XiVO: ${name}`);
  return command(thisGround(), args);
};
