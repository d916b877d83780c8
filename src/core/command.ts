/** Persons' commands. Each is an event like any other, with an expiry, and always gets an answer. */
import { because, type Draft, isManual, isWell, send, setDisk } from './draft.ts';
import type { Command, Event } from './event.ts';
import { needsNoVotes, rivalIsSilent } from './lease.ts';
import { giveOrders } from './orders.ts';
import { beginClosing } from './phases/closing.ts';
import { beginDraining } from './phases/draining.ts';
import { rivalIsFit, rivalServes, rivalServesText } from './rival-view.ts';
import { type Errand, NEVER } from './state.ts';
import { rivalOf } from './words.ts';

type CommandEvent = Extract<Event, { kind: 'command' }>;

const ERRAND_MS = 10_000;
/** A request is repeated while it is wanted; a copy that comes later than this is not. */
const REQUEST_MS = 1000;

const reply = (d: Draft, id: string, ok: boolean, code: string, text: string, remedy = ''): void => {
  d.effects.push({ kind: 'reply', id, ok, code, text, remedy });
};

const holds = (d: Draft): boolean => d.s.lease.name === 'held' && d.s.phase.name !== 'closing';

const beginErrand = (
  d: Draft,
  e: CommandEvent,
  wants: 'serve' | 'hand-over' | 'stop',
  confirmed: boolean,
  request: Errand['request'] = { whenIdle: false, maxWaitMs: 0 },
): void => {
  const until = d.now + ERRAND_MS + request.maxWaitMs;
  d.s.errand = { id: e.id, name: e.command.name, wants, until, confirmed, request, requestAt: NEVER };
};

/** This node is to serve: the other stops first, in order and verified, or a person vouches for it. */
const serveHere = (d: Draft, e: CommandEvent, confirmed: boolean): void => {
  if (holds(d)) return reply(d, e.id, true, 'already-serving', 'This node serves already.');
  // Where no votes are needed, nothing but a person's word tells a dead rival from a cut cable.
  if (rivalIsSilent(d) && !confirmed && (isManual(d.s) || needsNoVotes(d))) {
    return reply(
      d,
      e.id,
      false,
      'peer-unreachable',
      'The other node does not answer, so nothing proves that it is not serving.',
      'Make sure that it is off or cut off from the phones, then repeat with --confirm.',
    );
  }
  const { status } = d.s.rival;
  const other = !rivalIsSilent(d) && status?.well === true;
  if (!isManual(d.s) && !isWell(d.s) && other) {
    return reply(
      d,
      e.id,
      false,
      'unfit-here',
      `Telephony here is ${d.s.health.verdict} (${d.s.health.reason}) and well on the other node, which would take service back at once.`,
      'Mend it first; `dualtone explain` says what fails.',
    );
  }
  beginErrand(d, e, 'serve', confirmed);
};

const stopHere = (d: Draft, e: CommandEvent): void => {
  if (!isManual(d.s)) {
    return reply(
      d,
      e.id,
      false,
      'automatic-mode',
      'In automatic mode the pair itself starts and stops service.',
      'Use `switchover`, or `mode manual` first.',
    );
  }
  // The gate may be open until the kernel has confirmed: the answer waits for that.
  if (d.s.phase.name === 'closing') return beginErrand(d, e, 'stop', false);
  if (!holds(d)) return reply(d, e.id, true, 'already-passive', 'This node does not serve.');
  beginErrand(d, e, 'stop', false);
  beginClosing(d, 'stop');
};

const handOver = (d: Draft, e: CommandEvent, whenIdle: boolean, maxWaitMs: number): void => {
  if (!holds(d)) {
    const status = d.s.rival.status;
    if (rivalIsSilent(d) && rivalServes(d) > 0) {
      return reply(
        d,
        e.id,
        false,
        'rival-unheard',
        `This node does not hear the other, so it cannot ask it to hand over: ${rivalServesText(d)}.`,
        'Give the order there.',
      );
    }
    if (rivalIsSilent(d) || status === null || status.holding === 0) {
      return reply(
        d,
        e.id,
        false,
        'nobody-serves',
        'The other node is not known to serve, so there is nothing to take over in order.',
        'See `dualtone explain`; `dualtone takeover` asks for the right here.',
      );
    }
    return beginErrand(d, e, 'serve', false, { whenIdle, maxWaitMs });
  }
  if (!rivalIsFit(d)) {
    return reply(
      d,
      e.id,
      false,
      'rival-not-fit',
      'The other node is not heard, or not well; it could not serve now.',
      'See `dualtone explain` on both nodes.',
    );
  }
  beginErrand(d, e, 'hand-over', false, { whenIdle, maxWaitMs });
  beginDraining(d, { why: `ordered by ${e.by}`, whenIdle, maxWaitMs, ordered: true });
};

const failBack = (d: Draft, e: CommandEvent, whenIdle: boolean, maxWaitMs: number): void => {
  const mainServes = d.settings.role === 'main' ? holds(d) : !holds(d) && rivalServes(d) > 0;
  if (mainServes) return reply(d, e.id, true, 'already-at-main', 'The main serves already.');
  handOver(d, e, whenIdle, maxWaitMs);
};

const run = (d: Draft, e: CommandEvent, c: Command): void => {
  switch (c.name) {
    case 'start':
      if (isManual(d.s)) return serveHere(d, e, c.confirmed);
      return reply(
        d,
        e.id,
        false,
        'automatic-mode',
        'In automatic mode the pair itself starts and stops service.',
        'Use `takeover` or `switchover`, or `mode manual` first.',
      );
    case 'stop':
      return stopHere(d, e);
    case 'takeover':
      return serveHere(d, e, c.confirmed);
    case 'switchover':
      return handOver(d, e, c.whenIdle, c.maxWaitMs);
    case 'failback':
      return failBack(d, e, c.whenIdle, c.maxWaitMs);
    case 'mode':
      giveOrders(d, { mode: c.mode });
      return reply(d, e.id, true, 'mode', `The pair is in ${c.mode} mode.`);
    case 'maintenance-on':
      giveOrders(d, { maintenanceMs: c.forMs, maintenanceReason: c.reason });
      return reply(d, e.id, true, 'maintenance-on', 'Maintenance has begun; it ends by itself.');
    case 'maintenance-off':
      giveOrders(d, { maintenanceMs: 0, maintenanceReason: '' });
      return reply(d, e.id, true, 'maintenance-off', 'Maintenance is over.');
    case 'acknowledge':
      setDisk(d, { needsAcknowledgement: false, switches: [] });
      return reply(d, e.id, true, 'acknowledged', 'Acknowledged; automatic failback is allowed again.');
  }
};

/** A person's command. Refused when it comes too late or for an older epoch than the node's. */
export const onCommand = (d: Draft, e: CommandEvent): void => {
  because(d, 'command', { command: e.command.name, by: e.by });
  if (d.now > e.expiresAt) {
    return reply(d, e.id, false, 'expired', 'The command came too late and was not obeyed.', 'Give it again.');
  }
  if (e.epoch !== null && e.epoch < d.s.boot.highest) {
    return reply(
      d,
      e.id,
      false,
      'older-epoch',
      `Service has changed hands since (epoch ${d.s.boot.highest}).`,
      'Look at `dualtone status`, then give it again.',
    );
  }
  if (d.s.errand !== null && e.command.name !== 'acknowledge') {
    const held = d.s.errand;
    if (['start', 'stop', 'takeover', 'switchover', 'failback'].includes(e.command.name)) {
      return reply(
        d,
        e.id,
        false,
        'busy',
        `The command \`${held.name}\` is still under way.`,
        'Wait for it, then look at `dualtone status`.',
      );
    }
  }
  run(d, e, e.command);
};

/** The holder is asked to hand over, again and again until it does; the request carries its epoch, so none is obeyed twice. */
const asksRival = (d: Draft): void => {
  const { errand } = d.s;
  const { status } = d.s.rival;
  if (errand?.wants !== 'serve' || holds(d) || status === null || status.holding === 0 || rivalIsSilent(d)) return;
  if (d.now - errand.requestAt < 250) return;
  d.s.errand = { ...errand, requestAt: d.now };
  const epoch = status.holding;
  send(d, rivalOf(d.settings.role), {
    type: 'handover-request',
    epoch,
    heard: status.at,
    validMs: REQUEST_MS,
    ...errand.request,
  });
};

/** What is known of why it has not come about. */
const whyNot = (d: Draft, { wants }: Errand): string => {
  const there = rivalServesText(d);
  if (wants === 'serve') return there === '' ? '' : `: ${there}`;
  if (wants === 'hand-over' && d.s.phase.name === 'passive')
    return ': this node has handed over, and the other has not been heard to serve since';
  return '';
};

/** Ends an errand when its aim is reached, or says why not when its time is over. */
export const tendErrand = (d: Draft): void => {
  const { errand } = d.s;
  if (errand === null) return;
  const reached =
    errand.wants === 'serve'
      ? holds(d) && d.s.gateOpen
      : errand.wants === 'stop'
        ? d.s.phase.name === 'passive'
        : d.s.phase.name === 'passive' && rivalServes(d) > 0;
  if (reached) {
    d.s.errand = null;
    return reply(
      d,
      errand.id,
      true,
      'done',
      errand.wants === 'serve'
        ? 'This node serves now.'
        : errand.wants === 'stop'
          ? 'This node has stopped.'
          : 'The other node serves now.',
    );
  }
  if (d.now >= errand.until) {
    d.s.errand = null;
    return reply(
      d,
      errand.id,
      false,
      'not-reached',
      `\`${errand.name}\` did not come about in time${whyNot(d, errand)}.`,
      'See `dualtone explain`.',
    );
  }
  asksRival(d);
};
