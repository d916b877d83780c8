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
  /** Seeds after which it must have been caught, at the latest. */
  readonly seeds: number;
}

export const mutants: readonly Mutant[] = [
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
    find: '(own && yes.length + 1 >= majority(d.s.voters.length))',
    replace: '(yes.length + 1 >= majority(d.s.voters.length))',
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
    name: 'no silence of a node towards itself after a boot',
    file: 'src/core/voter.ts',
    find: 'if (now < boot.silentUntil) return null;',
    replace: '',
    seeds: 3000,
  },
  {
    name: 'a node grants while it holds or asks',
    file: 'src/core/voter.ts',
    find: "if (node.holdsOrAsks) return refuse(boot, 'rival');",
    replace: '',
    seeds: 1500,
  },
  {
    name: 'a node grants although its former gate may be open',
    file: 'src/core/voter.ts',
    find: 'if (now < boot.lastRequestAt + promiseMs) return',
    replace: 'if (now < boot.lastRequestAt) return',
    seeds: 3000,
  },
  {
    name: 'a released epoch is granted again',
    file: 'src/core/voter.ts',
    find: "if (ask.epoch <= releasedOf(boot, holder)) return refuse(boot, 'released');",
    replace: '',
    seeds: 6000,
  },
  {
    name: 'an older epoch is granted',
    file: 'src/core/voter.ts',
    find: "if (ask.epoch < boot.highest) return refuse(boot, 'older');",
    replace: '',
    seeds: 3000,
  },
  {
    name: 'any sign of life renews: a heartbeat that binds nobody is answered yes',
    file: 'src/core/voter.ts',
    find: "if (ask.question === 'hello' || (ask.question === 'renew' && !ask.bind)) return refuse(boot, 'not-asked');",
    replace:
      "if (ask.question === 'hello') return refuse(boot, 'not-asked');\n  if (ask.question === 'renew' && !ask.bind) return { yes: true, why: null, waitMs: 0, boot };",
    seeds: 1500,
  },
  {
    name: 'release before the kernel has closed the gate',
    file: 'src/core/phases/closing.ts',
    find: "  notify(d, why === 'lost'",
    replace: "  closed(d);\n  notify(d, why === 'lost'",
    seeds: 1500,
  },
  {
    name: 'ticket after the request: the lease runs from the grant',
    file: 'src/core/lease.ts',
    find: "  orderGate(d, { type: 'grant', slot: round.slot }, round.seq);",
    replace:
      "  orderGate(d, { type: 'arm', slot: round.slot, ms: d.settings.timing.leaseMs }, -1);\n  orderGate(d, { type: 'grant', slot: round.slot }, round.seq);",
    seeds: 400,
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
    name: 'the request leaves before the kernel has taken the ticket',
    file: 'src/core/lease.ts',
    find: '  return { seq, slot, armedAt: d.now, sentAt: NEVER, own: false, yes: [], granted: false };',
    replace:
      '  askAll(d, { question: "ask", epoch: d.s.boot.highest, seq, release: 0 }, () => true);\n  return { seq, slot, armedAt: d.now, sentAt: NEVER, own: false, yes: [], granted: false };',
    seeds: 3000,
  },
  {
    name: 'who holds does not yield to a newer claim, and a renewal stops for a refusal',
    file: 'src/core/lease.ts',
    find: "if ((answer.why === 'older' || answer.why === 'released') && answer.epoch === lease.epoch) raiseEpoch(d, lease);",
    replace: '',
    seeds: 3000,
  },
  {
    name: 'a renewal binds voters that do not answer',
    file: 'src/core/lease.ts',
    find: "(_voter, answeredAt) => question === 'ask' || answeredAt >= lately,",
    replace: '() => true || lately > 0,',
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
    find: '  releasedMain: disk.epochCeiling,\n  releasedStandby: disk.epochCeiling,',
    replace: '  releasedMain: 0,\n  releasedStandby: 0,',
    seeds: 6000,
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
];
