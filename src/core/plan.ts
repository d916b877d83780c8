/** Drives the plan's steps, one after the other, towards serving or not serving. A step looks before it acts, so begun again it converges. */
import { because, type Draft, nextOp, notify } from './draft.ts';
import { type PlanState, type StepStatus, type StepUnderWay, startPlan } from './state.ts';
import type { Epoch } from './words.ts';

const RETRY_MS = 1000;

/** Order of the steps: as configured to activate, backwards to passivate. */
const orderOf = (plan: PlanState): readonly number[] => {
  const indexes = plan.statuses.map((_status, index) => index);
  return plan.target === 'activate' ? indexes : indexes.toReversed();
};

/** What runs now, in either direction; each step once at most, since two runs of one would undo each other. */
export const stepsUnderWay = ({ running, leftover }: PlanState): readonly StepUnderWay[] =>
  running === null ? leftover : [...leftover, running];

/** Turns the plan round, or begins it anew: all steps are to do, in the order of `target`. Those under way end by themselves. */
export const aimPlan = (d: Draft, target: PlanState['target'], epoch: Epoch): void => {
  // A step under way is not cut off. The others do not wait for it: a unit that is slow to stop would keep the trunk from its registration.
  d.s.plan = { ...startPlan(target, d.settings.plan, epoch, d.now), leftover: stepsUnderWay(d.s.plan) };
};

const withStatus = (plan: PlanState, index: number, status: StepStatus): PlanState => ({
  ...plan,
  statuses: plan.statuses.map((old, i) => (i === index ? status : old)),
});

const start = (d: Draft, index: number): void => {
  const step = d.settings.plan[index];
  if (step === undefined) return;
  const op = nextOp(d);
  const { target, epoch } = d.s.plan;
  const deadline = d.now + step.timeoutMs;
  d.effects.push({ kind: 'step', op, stepId: step.id, direction: target, epoch, expiresAt: deadline });
  d.s.plan = { ...withStatus(d.s.plan, index, 'running'), running: { op, index, direction: target, deadline } };
};

const finish = (d: Draft): void => {
  const { plan } = d.s;
  const failed = plan.statuses.filter((status) => status === 'failed').length;
  because(d, 'plan-finished', {
    target: plan.target,
    epoch: plan.epoch,
    failed,
    tookMs: Math.round(d.now - plan.startedAt),
  });
};

/** Begins the next step when none is running; failed ones are tried again after a while. */
export const tendPlan = (d: Draft): void => {
  // The runner itself has its deadline; a result that never came is as good as unknown.
  const isOverdue = ({ deadline }: StepUnderWay): boolean => d.now >= deadline + RETRY_MS;
  for (const { op } of stepsUnderWay(d.s.plan).filter(isOverdue)) onStep(d, op, 'unknown', 'no result came');
  const { plan } = d.s;
  if (plan.running !== null) return;
  if (plan.target === 'activate' && !d.s.gateOpen) return;
  const next = orderOf(plan).find((index) => plan.statuses[index] === 'to-do');
  if (plan.leftover.some(({ index }) => index === next)) return;
  if (next !== undefined) return start(d, next);
  if (d.now < plan.retryAt || !plan.statuses.includes('failed')) return;
  // All that failed come again, in their order: one that fails for ever keeps no other from its turn.
  d.s.plan = { ...plan, statuses: plan.statuses.map((status) => (status === 'failed' ? 'to-do' : status)) };
  tendPlan(d);
};

/** A step's result; false when it is not one of the plan's. */
export const onStep = (d: Draft, op: number, outcome: 'done' | 'failed' | 'unknown', detail: string): boolean => {
  const { plan } = d.s;
  const left = plan.leftover.find((each) => each.op === op);
  if (left !== undefined) {
    // The plan was turned round meanwhile: the step is still to do in the new direction.
    d.s.plan = { ...plan, leftover: plan.leftover.filter((each) => each !== left) };
    because(d, 'step', { step: d.settings.plan[left.index]?.id ?? '', direction: left.direction, outcome, detail });
    return true;
  }
  if (plan.running?.op !== op) return false;
  const { index } = plan.running;
  const step = d.settings.plan[index];
  if (step === undefined) return false;
  d.s.plan = { ...plan, running: null };
  const status: StepStatus = outcome === 'done' ? 'done' : 'failed';
  d.s.plan = { ...withStatus(d.s.plan, index, status), retryAt: d.now + RETRY_MS };
  because(d, 'step', { step: step.id, direction: plan.target, outcome, detail });
  if (outcome !== 'done') {
    notify(
      d,
      'alarm',
      'step-failed',
      `Step ${step.id} (${plan.target}) ${outcome}: ${detail}. It is tried again each second.`,
    );
    if (step.onFailure === 'stop') skipRest(d, index);
  }
  if (!d.s.plan.statuses.includes('to-do')) finish(d);
  return true;
};

/** `onFailure: stop`: what comes after waits until this step has been done. */
const skipRest = (d: Draft, index: number): void => {
  const order = orderOf(d.s.plan);
  const after = new Set(order.slice(order.indexOf(index) + 1));
  d.s.plan = {
    ...d.s.plan,
    statuses: d.s.plan.statuses.map((status, i) => (after.has(i) && status === 'to-do' ? 'failed' : status)),
  };
};
