/** What stands against a drill now, and what would be done: pure, of what the standby shows of itself. */
import type { NodeSnapshot } from '../api/snapshot.ts';
import type { Config } from '../config/config.ts';
import { type Fault, fail } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import type { LossView } from '../replicator/protocol.ts';
import type { DrillOptions } from './protocol.ts';
import { isWithin, type LocalTime } from './windows.ts';

export interface Standing {
  readonly snapshot: NodeSnapshot;
  readonly loss: LossView | null;
  readonly time: LocalTime;
}

interface Against {
  readonly ok: false;
  readonly error: Fault;
}

/** The main says nothing for so long: the standby serves well before, and systemd's watchdog (10 s, told each 5 s) does not bark. */
const MOST_SILENT_MS: Millis = 4500;

/** How long the main's agent stands still in a drill of a takeover: the promise three times over, and a second for a busy machine. */
export const silentMsOf = ({ timing }: Pick<Config, 'timing'>): Millis => Math.max(2500, 3 * timing.promiseMs + 1000);

const ofService = ({ node, server, mode, maintenance, phase }: NodeSnapshot): readonly Against[] => {
  const found: Against[] = [];
  if (node.role !== 'standby')
    found.push(fail('drill-other-node', 'The standby leads drills.', 'Ask there; the agents of a pair pass it on.'));
  if (server !== 'other')
    found.push(
      fail(
        'drill-not-at-main',
        'The main does not serve, so there is nothing to rehearse.',
        'Bring service home first: `dualtone failback`; see `dualtone explain`.',
      ),
    );
  else if (phase !== 'passive')
    found.push(fail('drill-busy', `The standby is ${phase}.`, 'Wait until `dualtone status` says passive.'));
  if (mode === 'manual')
    found.push(
      fail('drill-manual', 'The pair is in manual mode: only a person moves service.', 'dualtone mode automatic'),
    );
  if (maintenance !== null)
    found.push(fail('drill-maintenance', `There is a maintenance: ${maintenance.reason}.`, 'dualtone maintenance off'));
  return found;
};

const ofReadiness = ({
  checks,
  explanation,
  other,
  needsAcknowledgement,
  health,
}: NodeSnapshot): readonly Against[] => {
  const found: Against[] = [];
  const { takesOver, missing } = explanation.ifOtherOrThisDied;
  const notReady = checks?.readiness.state === 'not-ready';
  if (!takesOver || notReady) {
    const why = notReady ? (checks?.readiness.reasons[0] ?? '') : (missing[0]?.text ?? 'the agents see an obstacle');
    found.push(
      fail(
        'drill-not-ready',
        `The standby could not take over now: ${why}.`,
        'Mend it: `dualtone check`, `dualtone explain`.',
      ),
    );
  }
  if (health.verdict === 'down')
    found.push(
      fail('drill-unfit', `Telephony of the standby is down (${health.reason}).`, 'Mend it: `dualtone check`.'),
    );
  if (other.well !== true || other.heardMsAgo === null || other.heardMsAgo > 3000)
    found.push(
      fail(
        'drill-main-unwell',
        'The main is not heard, or not well: this is no time for a drill.',
        'See `dualtone status`.',
      ),
    );
  if (needsAcknowledgement)
    found.push(fail('drill-flapping', 'Service moved too often; a person has to look first.', 'dualtone acknowledge'));
  return found;
};

/** Only where it is certain that the main stops by itself, and that the standby may then serve. */
export const ofTakeover = ({ gate, protection, lease }: NodeSnapshot, config: Config): readonly Against[] => {
  const instead = 'Rehearse with `dualtone drill switchover`.';
  if (config.arbiter.kind !== 'checkpoints' || config.watch.kind !== 'lease' || protection.level !== 'always')
    return [
      fail(
        'drill-takeover-unsure',
        `A main that falls silent is taken over for certain only with checkpoints that promise: ${protection.text}.`,
        instead,
      ),
    ];
  if (!gate.enforced || lease.heldOpen || config.onIsolation !== 'stop')
    return [
      fail('drill-takeover-unsure', 'Here the kernel does not close the gate of a main that falls silent.', instead),
    ];
  if (silentMsOf(config) > MOST_SILENT_MS)
    return [
      fail(
        'drill-takeover-slow',
        `With a promise of ${config.timing.promiseMs} ms the main would have to be silent for longer than its watchdog allows.`,
        instead,
      ),
    ];
  return [];
};

/** Power is cut only on a node that does not serve: service moves by order before. */
const ofPower = ({ kind, withPower }: DrillOptions, { fencing }: Pick<Config, 'fencing'>): readonly Against[] => {
  if (withPower !== true) return [];
  if (kind !== 'switchover')
    return [
      fail(
        'drill-power-kind',
        'Power is rehearsed while service is away by order, and in no other drill.',
        'dualtone drill switchover --with-power',
      ),
    ];
  return fencing === null
    ? [
        fail(
          'drill-power-none',
          'No device of the standby turns the main off.',
          'Configure `fencing` on the standby, or leave --with-power out.',
        ),
      ]
    : [];
};

const ofPeople = (standing: Standing, options: DrillOptions, config: Config): readonly Against[] => {
  const found: Against[] = [];
  const { calls } = standing.snapshot.other;
  if (calls !== 0 && !options.withCalls)
    found.push(
      fail(
        'drill-calls',
        calls < 0 ? 'Whether calls are up is not known.' : `${calls} calls are up, and would end.`,
        'Wait until nobody talks, or say --with-calls.',
      ),
    );
  if (!options.anyTime && !isWithin(config.drill.windows, standing.time))
    found.push(
      fail(
        'drill-window',
        `Drills are permitted at other times: ${config.drill.windows.join(', ')}.`,
        'Wait until then, or say --any-time.',
      ),
    );
  if (standing.loss?.exceedsLimit === true && !options.acceptLoss)
    found.push(
      fail(
        'drill-loss',
        `More than \`streams.loss-limit\` would be lost: ${standing.loss.text}`,
        'Run `dualtone replicate` on the main first, or say --accept-loss.',
      ),
    );
  return found;
};

/** Why it must not begin, most decisive first; a dry drill asks in any case, and cuts nothing. */
export const objections = (standing: Standing, options: DrillOptions, config: Config): readonly Fault[] => {
  if (options.kind === 'dry') return ofPower(options, config).map(({ error }) => error);
  const { snapshot } = standing;
  return [
    ...ofService(snapshot),
    ...ofReadiness(snapshot),
    ...(options.kind === 'takeover' ? ofTakeover(snapshot, config) : []),
    ...ofPower(options, config),
    ...ofPeople(standing, options, config),
  ].map(({ error }) => error);
};

/** Something that no drill does: it ends for it, and does nothing more. Null: all is as it should be. */
export const realFault = (
  { mode, maintenance, other, health, server }: NodeSnapshot,
  { isAway, silentForMs }: { readonly isAway: boolean; readonly silentForMs: Millis },
): string | null => {
  if (mode === 'manual') return 'a person ordered manual mode';
  if (maintenance !== null) return 'a person began a maintenance';
  if (server === 'both') return 'both nodes serve';
  if (other.heardMsAgo === null || other.heardMsAgo > silentForMs) return 'the main is not heard any more';
  if (isAway && server === 'other') return 'service went back to the main, and no drill had asked for it';
  if (isAway && server === 'this' && health.verdict === 'down')
    return `telephony of the standby went down (${health.reason})`;
  return null;
};

const spanOf = (ms: Millis): string => (ms < 10_000 ? `${Math.round(ms) / 1000} s` : `${Math.round(ms / 1000)} s`);

const powerLines = (main: string, { fencing, drill }: Config): readonly string[] => {
  const levels = (fencing?.levels ?? []).map(({ devices }) => devices.map(({ name }) => name).join(' and '));
  return [
    `power      ${main} is turned off and on again, by ${levels.join(', then by ')}; ${spanOf(drill.limitMs)} at the most to be back, each time`,
    '           until it is back there is no second node: a fault of the standby then is an outage',
  ];
};

/** What would be done, in order, for a person who decides. */
export const linesOf = (
  { snapshot, loss }: Standing,
  { kind, withPower }: DrillOptions,
  config: Config,
): readonly string[] => {
  const { peer, node, other, switches, explanation } = snapshot;
  const after = explanation.ifOtherOrThisDied.afterMs;
  const readiness = snapshot.checks?.readiness.text ?? 'not known: checks are off';
  const known = [
    `readiness  ${readiness}`,
    `calls      ${other.calls < 0 ? 'not known' : other.calls === 0 ? 'none is up' : `${other.calls} are up and would end`}`,
    `data       ${loss === null ? 'nothing follows' : loss.items.length === 0 ? 'nothing would be lost' : loss.items.map(({ text }) => text).join('; ')}`,
    `forecast   ${after === null ? 'the standby would not take over by itself' : `the standby serves ${spanOf(after)} after the main has fallen silent`}`,
    ...(switches === null ? [] : [`follow     ${switches.all.map(({ name }) => name).join(', ')}`]),
  ];
  if (kind === 'dry') return ['Everything is asked, and nothing is switched.', ...known];
  const cut =
    kind === 'switchover'
      ? `service moves in order from ${peer.name} to ${node.name}`
      : `the gate of ${peer.name} closes and its agent stands still for ${spanOf(silentMsOf(config))}, as if its power were gone; ${node.name} takes over`;
  return [
    ...known,
    `first      3 s in which ${config.virtualIp === null ? 'both nodes are' : 'the virtual address is'} asked ten times a second`,
    `then       ${cut}`,
    `away       ${node.name} serves for ${spanOf(config.drill.stayMs)}, ${spanOf(config.drill.limitMs)} at the most`,
    ...(withPower === true ? powerLines(peer.name, config) : []),
    `back       service goes back to ${peer.name} in order, and 3 s more are watched`,
    'stop       `dualtone drill stop`: service goes back at once; a real fault ends the drill and wins',
  ];
};
