/**
 * Guards of the core, each with the text that takes it away. A run against the mutated source must fail: a guard whose
 * mutant nothing catches is either not needed, and goes, or the simulator lacks a fault, and gets it.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** A second guard that alone would hide the first one's absence. */
  readonly also?: Pick<Mutant, 'file' | 'find' | 'replace'>;
  /** Seeds after which it must have been caught, at the latest. */
  readonly seeds: number;
  /** The first of them, default 1. Where a guard is missed once in a hundred thousand: the seed that found it missing. */
  readonly from?: number;
  /** Only these faults are drawn: what the guard is for, where all together seldom come to it. */
  readonly faults?: readonly string[];
  /** Only pairs of this kind are drawn. */
  readonly pair?: PairKind;
}

/** `likely`: does without checkpoints that stay lost. */
export type PairKind = 'likely' | 'without-votes';

/** Without votes, the last guard before a gate opens; the earlier ones are for what it sees too late. */
const cutOffWins = { file: 'src/core/lease.ts', find: " && d.s.health.network !== 'down';", replace: ';' } as const;

export const mutants: readonly Mutant[] = [
  {
    name: 'after a boot, a node votes for itself at once',
    file: 'src/core/voter.ts',
    find: 'if (now < boot.silentUntil) return null;',
    replace: '',
    faults: ['late-release', 'quick-reboot-in-partition'],
    seeds: 500,
  },
  {
    name: 'what was asked by hand is won by votes once manual mode is left',
    file: 'src/core/orders.ts',
    find: '// What was asked by hand would now be won by votes, and a node that serves by hand needs none.',
    replace: 'if (d.now > 0) return;',
    faults: ['orders-at-both', 'isolation', 'cut-two-ways', 'agent-frozen'],
    seeds: 12000,
  },
  {
    name: 'a request that the kernel held up leaves under an epoch that was passed',
    file: 'src/core/lease.ts',
    find: 'if (lease.epoch < d.s.boot.highest) return withdraw(d, lease);',
    replace: '',
    faults: ['held-up-request'],
    seeds: 2000,
  },
  {
    name: 'a node that was stopped before its first look takes its own sleep for silence',
    file: 'src/core/policy.ts',
    find: "if (health.network === 'unknown' && d.now < looksUntil) {",
    replace: 'if (d.now < 0) {',
    also: cutOffWins,
    faults: ['agent-frozen-at-its-start'],
    pair: 'without-votes',
    seeds: 1000,
  },
  {
    name: 'a word of a former agent is believed',
    file: 'src/core/messages-in.ts',
    find: 'return status.life < last.life && d.now - heardAt < d.settings.timing.promiseMs / 2;',
    replace: 'return false;',
    seeds: 6000,
  },
  {
    name: 'a packet that was overtaken is believed',
    file: 'src/core/messages-in.ts',
    find: 'if (isOvertaken(d, rival, status)) return false;',
    replace: 'void isOvertaken;',
    seeds: 1500,
  },
  {
    name: 'a node that is cut off takes a silence for a death',
    file: 'src/core/policy.ts',
    find: 'health.networkBad === 0 && health.networkProvedAt >= rival.heardAt + promiseMs - heartbeatMs',
    replace: 'health.networkProvedAt >= 0',
    also: cutOffWins,
    faults: ['agent-frozen-at-its-start', 'isolation', 'agent-frozen'],
    pair: 'without-votes',
    seeds: 1000,
  },
  {
    name: 'a request to hand over is obeyed however old',
    file: 'src/core/messages-in.ts',
    find: 'if (request.heard > d.now || d.now - request.heard > request.validMs) {',
    replace: 'if (request.heard > d.now) {',
    seeds: 6000,
  },
  {
    name: 'service goes back by itself before what was left is at home',
    file: 'src/core/phases/serving.ts',
    find: "d.s.disk.needsAcknowledgement || d.s.returnHeld !== ''",
    replace: 'd.s.disk.needsAcknowledgement',
    seeds: 3000,
  },
  {
    name: 'two promises at once',
    file: 'src/core/voter.ts',
    find: 'promise.holder !== holder && now < promise.until',
    replace: 'promise.holder !== holder && now < promise.until && promise.until < 0',
    seeds: 400,
  },
  {
    name: 'own vote ignored: a promise to the rival does not count',
    file: 'src/core/voter.ts',
    find: 'if (boot.promise !== null && boot.promise.holder !== self && now < boot.promise.until) return null;',
    replace: '',
    seeds: 1500,
  },
  {
    name: 'own vote not needed',
    file: 'src/core/lease.ts',
    find: '!isManual(d.s) && own && yes.length + 1 >= majority(d.s.voters.length)',
    replace: '!isManual(d.s) && yes.length + 1 >= majority(d.s.voters.length)',
    seeds: 3000,
  },
  {
    name: 'no silence after a boot',
    file: 'src/core/voter.ts',
    find: "if (now < boot.silentUntil) return refuse(boot, 'silent', boot.silentUntil - now);",
    replace: '',
    seeds: 3000,
  },
  {
    name: 'a node asks for itself before its silence after a boot is over',
    file: 'src/core/policy.ts',
    find: 'd.now < d.s.boot.silentUntil ? obstacle',
    replace: 'd.now < 0 ? obstacle',
    // Its own vote is silent too.
    also: { file: 'src/core/voter.ts', find: 'if (now < boot.silentUntil) return null;', replace: '' },
    seeds: 3000,
  },
  {
    // Each of the two alone is enough in nearly all runs: the promise to itself, and the time of its last request.
    name: 'a node that serves grants to its rival',
    file: 'src/core/voter.ts',
    find: 'if (node !== null && (node.holds || now < boot.lastRequestAt + promiseMs)) {',
    replace: 'if (node !== null && now < 0) {',
    also: {
      file: 'src/core/voter.ts',
      find: 'if (promise !== null && promise.holder !== holder && now < promise.until) {',
      replace:
        "if (promise !== null && promise.holder !== holder && now < promise.until && (node === null || holder === 'main')) {",
    },
    seeds: 1500,
  },
  {
    name: 'an older epoch is granted',
    file: 'src/core/voter.ts',
    find: "if (ask.epoch < boot.highest) return refuse(boot, 'older');",
    replace: '',
    seeds: 3000,
  },
  {
    name: 'release before the kernel has closed the gate',
    file: 'src/core/phases/closing.ts',
    find: "  notify(d, why === 'lost'",
    replace: "  closed(d);\n  notify(d, why === 'lost'",
    seeds: 1500,
  },
  {
    name: 'the lease runs from the grant',
    file: 'src/core/lease.ts',
    find: 'const grant = (d: Draft, round: Round): number => orderGate(',
    replace: `const grant = (d: Draft, round: Round): number =>
  orderGate(d, { type: 'arm', slot: round.slot, ms: d.settings.timing.leaseMs }, -1) * 0 + orderGate(`,
    seeds: 3000,
  },
  {
    name: 'lease longer than the promise',
    file: 'src/core/lease.ts',
    find: "orderGate(d, { type: 'arm', slot, ms: d.settings.timing.leaseMs }, seq);",
    replace: "orderGate(d, { type: 'arm', slot, ms: d.settings.timing.promiseMs * 1.2 }, seq);",
    seeds: 400,
  },
  {
    name: 'lease equal to the promise',
    file: 'src/core/lease.ts',
    find: "orderGate(d, { type: 'arm', slot, ms: d.settings.timing.leaseMs }, seq);",
    replace: "orderGate(d, { type: 'arm', slot, ms: d.settings.timing.promiseMs }, seq);",
    seeds: 1500,
  },
  {
    name: 'a slot is used again with its former round still open to votes',
    file: 'src/core/lease.ts',
    find: '(r) => r.slot !== round.slot && d.now < r.armedAt + leaseMs',
    replace: '(r) => r.seq > 0',
    seeds: 6000,
  },
  {
    name: 'a restarted agent forgets the promise on tmpfs',
    file: 'src/core/decide.ts',
    find: '  d.s.boot = e.boot ?? freshBootMemory(disk, d.now + promiseMs);',
    replace: '  d.s.boot = freshBootMemory(disk, d.now);\n  void promiseMs;',
    seeds: 1500,
  },
  {
    name: 'the ceiling of epochs is not kept over a boot',
    file: 'src/core/state.ts',
    find: '  highest: disk.epochCeiling,\n  releasedMain: disk.epochCeiling,\n  releasedStandby: disk.epochCeiling,',
    replace: '  highest: 0,\n  releasedMain: 0,\n  releasedStandby: 0,',
    seeds: 3000,
  },
  {
    name: 'both nodes number their epochs alike',
    file: 'src/core/words.ts',
    find: "const parity = role === 'main' ? 0 : 1;",
    replace: "const parity = role === 'main' ? 0 : 0;",
    seeds: 100,
  },
  {
    name: 'a lost right goes unnoticed',
    file: 'src/core/phases/serving.ts',
    find: "if (lease.name !== 'held' || d.now < lease.leaseUntil) return false;",
    replace: 'return false;',
    seeds: 3000,
  },
  {
    name: 'who hears a claim asks all the same',
    file: 'src/core/policy.ts',
    find: "return d.now < until ? obstacle('rival-serves', 'the other node claims the right to serve', until) : null;",
    replace: 'return d.now < until && until < 0 ? obstacle("", "") : null;',
    seeds: 3000,
  },
  {
    name: 'a refusal counts as a vote',
    file: 'src/core/lease.ts',
    find: "    if ((answer.why === 'older' || answer.why === 'released') && answer.epoch === lease.epoch) raiseEpoch(d, lease);\n    return;",
    replace:
      "    if ((answer.why === 'older' || answer.why === 'released') && answer.epoch === lease.epoch) raiseEpoch(d, lease);",
    seeds: 1500,
  },
  {
    name: 'a renewal leaves before the kernel has taken its ticket',
    file: 'src/core/lease.ts',
    find: '  const round = armRound(d);',
    replace: "  const round = sendRound(d, armRound(d), lease.epoch, 'renew', 0);",
    seeds: 3000,
  },
  {
    name: 'a refused renewal does not raise the epoch',
    file: 'src/core/lease.ts',
    find: "if ((answer.why === 'older' || answer.why === 'released') && answer.epoch === lease.epoch) raiseEpoch(d, lease);",
    replace: '',
    seeds: 10,
  },
  {
    name: 'a right that is given up is not released to the others',
    file: 'src/core/phases/closing.ts',
    find: '  releaseRight(d, phase.epoch, addressee, phase.ordered);',
    replace: "  if (phase.why === 'handover') releaseRight(d, phase.epoch, addressee, phase.ordered);",
    seeds: 10,
  },
  {
    name: 'manual mode holds the gate open although nobody knows of it yet',
    file: 'src/core/orders.ts',
    find: 'if (!isManual(d.s) || !manualIsKnown(d)) return;',
    replace: 'if (!isManual(d.s)) return;',
    seeds: 3000,
  },
  {
    name: "in manual mode a majority does without the rival's word",
    file: 'src/core/lease.ts',
    find: '!isManual(d.s) && own && yes.length',
    replace: 'own && yes.length',
    seeds: 6000,
  },
  {
    name: 'without votes the release of a silent node is a handover',
    file: 'src/core/policy.ts',
    find: 'if (needsNoVotes(d) && rivalIsSilent(d)) return;',
    replace: '',
    also: cutOffWins,
    faults: ['late-release', 'agent-frozen-at-its-start'],
    pair: 'without-votes',
    seeds: 2000,
  },
  {
    name: 'after a boot an old release is a handover',
    file: 'src/core/messages-in.ts',
    find: ' && release.epoch >= claimed) {',
    replace: ') {',
    faults: ['late-release', 'reboot-all', 'orders-at-both', 'cut-two-ways'],
    from: 10_700,
    seeds: 300,
  },
  {
    name: 'an agent that stood still counts its sleep as waiting',
    file: 'src/core/decide.ts',
    find: 'if (event.at - state.now > settings.timing.promiseMs / 2) d.s.awakeSince = event.at;',
    replace: '',
    also: cutOffWins,
    faults: ['agent-frozen-at-its-start'],
    pair: 'without-votes',
    seeds: 6000,
  },
  {
    name: 'without votes, who asked before it saw that it is cut off itself wins by the silence of the other',
    ...cutOffWins,
    faults: ['late-release', 'agent-frozen-at-its-start', 'held-up-request'],
    pair: 'without-votes',
    seeds: 4000,
  },
  {
    name: 'checkpoints count again as soon as one answers',
    file: 'src/core/loose.ts',
    find: 'answers && saidSo(d)',
    replace: 'answers',
    faults: ['agent-frozen-as-checkpoints-return'],
    pair: 'likely',
    seeds: 4000,
  },
  {
    name: 'a checkpoint votes although it heard that the gate of the other is held open',
    file: 'src/core/voter.ts',
    find: "if (heldOpenBy === rivalOf(holder) && !ask.vouched) return refuse(boot, 'held-open', promiseMs);",
    replace: '',
    faults: ['manual-mode-missed', 'agent-frozen'],
    seeds: 1000,
  },
  {
    name: 'the open end of manual mode counts as over before the kernel has ended it',
    file: 'src/core/lease.ts',
    find: '  d.s.lease = { ...lease, leaseUntil, endOp };',
    replace: '  d.s.lease = { ...lease, leaseUntil, endOp: 0, heldOpen: false };\n  setBoot(d, { heldOpen: false });',
    faults: ['manual-mode-missed'],
    seeds: 1000,
  },
  {
    name: 'who ends manual mode asks although the other may serve by hand',
    file: 'src/core/policy.ts',
    find: 'd.s.disk.heldOpenBy === rivalOf(d.settings.role) && !isManual',
    replace: 'd.now < 0 && !isManual',
    seeds: 6000,
  },
  {
    name: 'maintenance is forgotten by a node that did not serve',
    file: 'src/core/policy.ts',
    find: 'if (inMaintenance(d.s) && !d.s.disk.serving) {',
    replace: 'if (inMaintenance(d.s) && d.now < 0) {',
    seeds: 1500,
  },
  {
    // Each hears of the other twice: by its renewals and by its answers.
    name: 'two holders that meet both go on',
    file: 'src/core/messages-in.ts',
    find: 'ask.epoch > lease.epoch) yieldTo(d, ask.epoch);',
    replace: 'ask.epoch < 0) yieldTo(d, ask.epoch);',
    also: {
      file: 'src/core/messages-in.ts',
      find: 'if (holding > lease.epoch &&',
      replace: 'if (holding < 0 &&',
    },
    seeds: 3000,
  },
  {
    name: 'orders of an older revision are obeyed',
    file: 'src/core/orders.ts',
    find: '  follow(d, joined(ownOrders(d.s), told), false);',
    replace: '  follow(d, told, false);',
    also: {
      file: 'src/core/orders.ts',
      find: '  if (knowsAll(knownOf(d.s.disk.orders), told)) return;\n',
      replace: '',
    },
    seeds: 3000,
  },
  {
    name: 'a newer order ends a manual mode that it did not know of',
    file: 'src/core/in-force.ts',
    find: 'return endsManual(orders, automatic) ? automatic : rivalOf(automatic);',
    replace: 'return automatic;',
    faults: [
      'orders-at-both',
      'reboot-of-the-only-voter',
      'checkpoint-restart',
      'isolation-in',
      'isolation',
      'cut-two-ways',
      'agent-frozen',
    ],
    seeds: 10000,
  },
  {
    name: 'the active node leaves the checkpoints out first',
    file: 'src/core/loose.ts',
    find: 'if (passive ? rival.holding === 0 : !rival.loose) return;',
    replace: '',
    seeds: 6000,
  },
];
