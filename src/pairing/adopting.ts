/** A main that serves already goes on: looked at before anything changes, ordered in the breath in which its agent is started. */
import { againstAdoption, thisAdoptionGround } from '../adoption/conditions.ts';
import { giveOrder, withdrawOrder } from '../adoption/order.ts';
import { watchSnapshots } from '../api/client.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { type Fault, fail, ok, type Result } from '../core/result.ts';
import { readBootId } from '../journal/state-store.ts';
import { systemClock } from '../time/clock.ts';
import { configText, type Plan, somebody } from './invite-plan.ts';
import { pathsOf, virtualIpsOf } from './plan.ts';
import type { Surroundings } from './surroundings.ts';
import type { Facts } from './words.ts';

const notStarted = () =>
  fail(
    'adopt-not-started',
    'The agent is not started by this command, and only the start that follows at once can go on with what serves.',
    'Leave --no-start, --no-system and --etc-dir out, or leave --adopt out.',
  );

const configOf = (plan: Plan, around: Surroundings): Config | null => {
  const parsed = parseConfig(configText(plan, somebody(plan), around));
  return parsed.ok ? parsed.config : null;
};

const against = async (plan: Plan, around: Surroundings): Promise<Fault | null> => {
  const config = configOf(plan, around);
  if (config === null || around.system === null || !around.starts) return notStarted().error;
  return againstAdoption(config, thisAdoptionGround(around.run));
};

/** Before anything is changed. Faults: `adopt-…`. */
export const checkAdoption = async (plan: Plan, around: Surroundings): Promise<Result<void>> => {
  const fault = plan.answers.adopts ? await against(plan, around) : null;
  return fault === null ? ok(undefined) : { ok: false, error: fault };
};

/** What the machine that joins must not have: then it is not sure which of the two serves. Fault: `adopt-address-there`. */
export const joinerAgainstAdoption = ({ answers, shared }: Plan, { name, networks }: Facts): Fault | null => {
  if (!answers.adopts) return null;
  const hosts = networks.map((each) => each.split('/')[0]);
  const found = virtualIpsOf(shared).find((each) => hosts.includes(each.split('/')[0]));
  return found === undefined
    ? null
    : fail(
        'adopt-address-there',
        `${name} has the virtual IP ${found} too, so it is not known which of the two serves.`,
        `Stop what put it there on ${name} (keepalived, say), and join again.`,
      ).error;
};

/** It listens first; and one that begins as every other serves in a few seconds. */
const DECIDED_MS = 10_000;

const servesWithin = async (socket: string, ms: number): Promise<boolean> => {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  let serves = false;
  await watchSnapshots(socket, 200, over.signal, (snapshot) => {
    serves = snapshot.kind === 'node' && snapshot.server === 'this';
    if (serves) over.abort();
  });
  clearTimeout(timer);
  return serves;
};

/** Starts the agent by `start`; where that was wanted and still can be, with the order to go on with what serves, which no other start follows. */
export const startAdopting = async (
  plan: Plan,
  around: Surroundings,
  start: () => Promise<Result<void>>,
): Promise<Result<void>> => {
  const config = plan.answers.adopts ? configOf(plan, around) : null;
  if (config === null) return start();
  const fault = await against(plan, around);
  const given =
    fault === null
      ? giveOrder(config.runDir, readBootId(), systemClock.now())
      : fail(fault.code, fault.message, fault.remedy);
  if (!given.ok) around.say(`  ! It does not go on without a break: ${given.error.message}`);
  const started = await start();
  withdrawOrder(config.runDir);
  if (!started.ok || !given.ok) return started;
  // What joins starts its own agent only then: it would be heard.
  const serves = await servesWithin(pathsOf(around.places).socket, DECIDED_MS);
  around.say(
    serves
      ? 'Its agent serves; `dualtone journal` says whether without a break (adopted), or why not (adoption-refused).'
      : '  ! It does not serve yet: `dualtone status` and `dualtone journal` say why.',
  );
  return started;
};
