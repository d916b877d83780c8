/** `xivo-check-master-status <ip>`: looks at the main once and starts or stops this node's services, without an agent. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ok, type Result } from '../core/result.ts';
import { sendOptions } from '../sip/options.ts';
import { type CheckLook, conclude } from './check-decision.ts';
import { EXIT, type Ground } from './ground.ts';
import { lookAtServices, manageServices } from './manage-services.ts';
import { isServing } from './services-plan.ts';

/** So many questions, so far apart; the first answer ends it. */
export interface CheckPace {
  readonly echoes: number;
  readonly everyMs: number;
  readonly sipMs: number;
}

/** Twelve seconds of silence, against the original's 20 to 30. */
const USUAL_PACE: CheckPace = { echoes: 12, everyMs: 1000, sipMs: 4000 };

export interface CheckOptions {
  readonly pace?: CheckPace;
  /** Where the main's SIP answers. */
  readonly sipPort?: number;
}

const SIP_PORT = 5060;

/** The default gateway in the kernel's table of routes; null: none. */
export const gatewayIn = (routes: string): string | null => {
  for (const line of routes.split('\n').slice(1)) {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination !== '00000000' || !/^[0-9A-F]{8}$/i.test(gateway) || gateway === '00000000') continue;
    // Little-endian.
    return Buffer.from(gateway, 'hex').toReversed().join('.');
  }
  return null;
};

const OWN_TROUBLE = /network is unreachable|can't assign requested address|operation not permitted|network is down/i;

/** Without fping nothing can be asked: that must not look like a quiet day. Fault: `program-missing`. */
const echoOf = async (ground: Ground, address: string, pace: CheckPace): Promise<Result<CheckLook['echo']>> => {
  const argv = ['fping', '-r', String(pace.echoes - 1), '-B', '1', '-t', String(pace.everyMs), '--', address];
  const ended = await ground.run(argv, {
    timeoutMs: pace.echoes * pace.everyMs + 10_000,
    signal: ground.signal,
  });
  if (!ended.ok) return ended.error.code === 'program-missing' ? ended : ok('own-trouble');
  const { exitCode, stdout, stderr } = ended.value;
  if (exitCode === 0 && /is alive/.test(stdout)) return ok('answered');
  return ok(exitCode !== 1 || OWN_TROUBLE.test(stderr) ? 'own-trouble' : 'silent');
};

/** A gateway that does not answer echo still answers on the wire: the kernel's table of neighbours tells. */
const ownNetworkOf = async (ground: Ground, main: string): Promise<CheckLook['ownNetwork']> => {
  const routes = await readFile(`${ground.root}/proc/net/route`, 'utf8').catch(() => '');
  const gateway = gatewayIn(routes);
  if (gateway === null || gateway === main) return 'unknown';
  const bounds = { timeoutMs: 10_000, signal: ground.signal };
  const echo = await ground.run(['fping', '-r', '2', '-B', '1', '-t', '500', '--', gateway], bounds);
  if (echo.ok && echo.value.exitCode === 0) return 'well';
  const neighbours = await ground.run(['ip', 'neigh', 'show', 'to', gateway], bounds);
  if (!neighbours.ok) return 'unknown';
  return /\b(FAILED|INCOMPLETE)\b/.test(neighbours.value.stdout) || neighbours.value.stdout.trim() === ''
    ? 'cut-off'
    : 'well';
};

const asksSip = async (ground: Ground, host: string, port: number, timeoutMs: number): Promise<boolean> => {
  const { signal } = ground;
  const answer = await sendOptions({ transport: 'udp', host, port, timeoutMs, signal });
  return answer.ok;
};

/** A person's change of the role while we looked: the sentinel was there before and is not now. */
const standbySign = ({ root, original }: Ground): boolean => existsSync(root + original.sentinels.standby);

/** Looks, concludes, acts. The exit code. */
export const checkMasterStatus = async (ground: Ground, main: string, options: CheckOptions = {}): Promise<number> => {
  const { pace = USUAL_PACE, sipPort = SIP_PORT } = options;
  const wasStandby = standbySign(ground);
  const [echoed, services] = await Promise.all([echoOf(ground, main, pace), lookAtServices(ground)]);
  if (!echoed.ok || !services.ok) {
    for (const each of [echoed, services]) if (!each.ok) ground.err(`${each.error.message} ${each.error.remedy}`);
    return EXIT.failed;
  }
  const echo = echoed.value;
  const servesHere = isServing(ground.original, services.value);
  const asks = echo === 'answered' && servesHere;
  const look: CheckLook = {
    echo,
    servesHere,
    ownNetwork: echo === 'silent' ? await ownNetworkOf(ground, main) : 'unknown',
    mainSip: asks ? ((await asksSip(ground, main, sipPort, pace.sipMs)) ? 'answers' : 'silent') : 'not-asked',
    roleChanged: wasStandby && !standbySign(ground),
  };
  const { what, why } = conclude(look);
  ground.out(`${main}: ${why}.`);
  return what === 'leave' ? EXIT.done : manageServices(ground, what);
};
