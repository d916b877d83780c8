/** Drives the plan's steps, one at a time, towards serving or not serving. A step looks before it acts, so begun again it converges. */
import { because, type Draft, nextOp, notify } from './draft.ts';
import { type PlanState, type StepStatus, startPlan } from './state.ts';
import type { Epoch } from './words.ts';

const RETRY_MS = 1000;

/** Order of the steps: as configured to activate, backwards to passivate. */
const orderOf = (plan: PlanState): readonly number[] => {
  const indexes = plan.statuses.map((_status, index) => index);
  return plan.target === 'activate' ? indexes : indexes.toReversed();
};

export const aimPlan = (d: Draft, target: PlanState['target'], epoch: Epoch): void => {
  // A step under way is not cut off: its result is awaited, then the new direction begins.
  d.s.plan = { ...startPlan(target, d.settings.plan, epoch, d.now), running: d.s.plan.running };
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
  d.s.plan = { ...withStatus(d.s.plan, index, 'running'), running: { op, index, deadline } };
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
  const { plan } = d.s;
  if (plan.running !== null) {
    if (d.now < plan.running.deadline + RETRY_MS) return;
    // The runner itself has its deadline; a result that never came is as good as unknown.
    onStep(d, plan.running.op, 'unknown', 'no result came');
    return tendPlan(d);
  }
  if (plan.target === 'activate' && !d.s.gateOpen) return;
  const next = orderOf(plan).find((index) => plan.statuses[index] === 'to-do');
  if (next !== undefined) return start(d, next);
  if (d.now < plan.retryAt || !plan.statuses.includes('failed')) return;
  // All that failed come again, in their order: one that fails for ever keeps no other from its turn.
  d.s.plan = { ...plan, statuses: plan.statuses.map((status) => (status === 'failed' ? 'to-do' : status)) };
  tendPlan(d);
};

/** A step's result; false when it is not one of the plan's. */
export const onStep = (d: Draft, op: number, outcome: 'done' | 'failed' | 'unknown', detail: string): boolean => {
  const { plan } = d.s;
  if (plan.running?.op !== op) return false;
  const { index } = plan.running;
  const step = d.settings.plan[index];
  if (step === undefined) return false;
  const restarted = plan.statuses[index] !== 'running';
  d.s.plan = { ...plan, running: null };
  // The plan was turned round meanwhile: the step is still to do in the new direction.
  if (restarted) return true;
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

export const planIsDone = (plan: PlanState): boolean =>
  plan.running === null && plan.statuses.every((status) => status === 'done' || status === 'failed');
