/** `xivo-manage-slave-services {start,stop}`: this node's telephony group, without an agent. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, ok, type Result } from '../core/result.ts';
import { EXIT, type Ground } from './ground.ts';
import { type Action, parseUnits, type ServicesLook, startActions, stopActions } from './services-plan.ts';

const LOOK_MS = 20_000;

/** One call of systemctl, whatever is found. Faults: those of `run`. */
export const lookAtServices = async ({ run, root, original, signal }: Ground): Promise<Result<ServicesLook>> => {
  const units = [...original.services, original.dhcp];
  const argv = ['systemctl', 'show', '--property=Id,LoadState,ActiveState,UnitFileState', ...units];
  const shown = await run(argv, { timeoutMs: LOOK_MS, signal });
  if (!shown.ok) return shown;
  return ok({ unitByName: parseUnits(shown.value.stdout), disabled: existsSync(root + original.disabledFlag) });
};

const setFlag = ({ root, original }: Ground, present: boolean): string | null => {
  const path = root + original.disabledFlag;
  try {
    if (!present) rmSync(path, { force: true });
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    }
    return null;
  } catch (error) {
    return `${path}: ${messageOf(error)}`;
  }
};

interface Done {
  readonly trouble: string | null;
  readonly counts: boolean;
}

const carryOutOne = async (ground: Ground, action: Action): Promise<Done> => {
  if (action.kind === 'flag') return { trouble: setFlag(ground, action.present), counts: true };
  const { argv, timeoutMs, weight } = action;
  const ended = await ground.run(argv, { timeoutMs, signal: ground.signal });
  if (!ended.ok) {
    const isAbsent = weight === 'optional' && ended.error.code === 'program-missing';
    return { trouble: isAbsent ? null : ended.error.message, counts: weight === 'vital' };
  }
  const { exitCode, stderr } = ended.value;
  if (exitCode === 0) return { trouble: null, counts: false };
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return {
    trouble: `${argv.join(' ')} ended with ${exitCode}${said === '' ? '' : `: ${said}`}`,
    counts: weight === 'vital',
  };
};

/** Each in turn, also after one that failed: what can run shall run. False when something vital failed. */
export const carryOut = async (ground: Ground, actions: readonly Action[]): Promise<boolean> => {
  let isWell = true;
  for (const action of actions) {
    const { trouble, counts } = await carryOutOne(ground, action);
    if (trouble === null) continue;
    ground.err(trouble);
    if (counts) isWell = false;
  }
  return isWell;
};

/** Starts or stops what is to be; nothing where all is so already. The exit code. */
export const manageServices = async (ground: Ground, what: 'start' | 'stop'): Promise<number> => {
  const look = await lookAtServices(ground);
  if (!look.ok) {
    ground.err(look.error.message);
    return EXIT.failed;
  }
  const { vital } = ground.original;
  if (what === 'start' && look.value.unitByName.get(vital)?.loaded !== true) {
    ground.err(`${vital} is not installed here, or is masked: nothing is started. See \`systemctl status ${vital}\`.`);
    return EXIT.failed;
  }
  const plan = what === 'start' ? startActions : stopActions;
  const actions = plan(ground.original, look.value);
  if (actions.length === 0) {
    ground.out(what === 'start' ? 'All services run.' : 'The services are stopped.');
    return EXIT.done;
  }
  const isWell = await carryOut(ground, actions);
  const steps = actions.length === 1 ? 'one step' : `${actions.length} steps`;
  ground.out(`${what === 'start' ? 'Started' : 'Stopped'} in ${steps}${isWell ? '' : ', with failures'}.`);
  return isWell ? EXIT.done : EXIT.failed;
};

export const USAGE = 'usage: xivo-manage-slave-services {start|stop}';
