/** From the core's state to what machines outside the pair follow: the term, once telephony has its turn behind it. */
import type { Settings } from '../core/settings.ts';
import type { State } from '../core/state.ts';
import type { Epoch } from '../core/words.ts';
import type { Service } from '../switcher/protocol.ts';

/** Asterisk and the address come first; all other steps may hang or fail without keeping anybody from being moved. */
const isTelephonyUp = ({ plan: steps, restartStep }: Settings, { plan }: State): boolean =>
  plan.target === 'activate' &&
  steps.every(({ id }, index) => (id !== 'virtual-ip' && id !== restartStep) || plan.statuses[index] === 'done');

/** Tells each change, to be shown every decision. */
export const createServiceTeller = (settings: Settings, tell: (service: Service) => void) => {
  let told: Service | null = null;
  const parity = settings.role === 'main' ? 0 : 1;
  let others: Epoch = 0;
  return (state: State): void => {
    const { lease, phase, boot } = state;
    const holding = lease.name === 'held' && phase.name !== 'closing' ? lease.epoch : 0;
    // Main and standby take every other number.
    if (boot.highest % 2 !== parity) others = Math.max(others, boot.highest);
    const active = holding > 0 && (told?.active === true || isTelephonyUp(settings, state));
    const service = { active, epoch: active ? holding : 0, others };
    if (told?.active === active && told.epoch === service.epoch && told.others === others) return;
    told = service;
    tell(service);
  };
};
