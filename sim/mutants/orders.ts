/** Guards of persons' orders: manual mode, maintenance, requests. */
import type { Mutant } from './mutant.ts';

/** A checkpoint's own guard, which refuses most of what a node asks too early. */
const unheardEnd = {
  file: 'src/core/arbiter/checkpoint.ts',
  find: 'return ends ? rivalOf(from) : state.disk.heldOpenBy;',
  replace: 'return ends && from === rivalOf(from) ? rivalOf(from) : state.disk.heldOpenBy;',
} as const;

export const orderGuards: readonly Mutant[] = [
  {
    name: 'what was asked by hand is won by votes once manual mode is left',
    file: 'src/core/orders.ts',
    find: '// What was asked by hand would now be won by votes, and a node that serves by hand needs none.',
    replace: 'if (d.now > 0) return;',
    also: unheardEnd,
    faults: ['asked-by-hand-as-manual-mode-ends'],
    seeds: 2000,
  },
  {
    name: 'a request to hand over is obeyed however old',
    file: 'src/core/messages-in.ts',
    find: 'if (request.heard > d.now || d.now - request.heard > request.validMs) {',
    replace: 'if (request.heard > d.now) {',
    seeds: 6000,
  },
  {
    name: 'manual mode holds the gate open although nobody knows of it yet',
    file: 'src/core/orders.ts',
    find: '!isManual(d.s) || !manualIsKnown(d)) return;',
    replace: '!isManual(d.s)) return;',
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
    name: 'a checkpoint that hears that manual mode is over takes the gate of the other for closed',
    ...unheardEnd,
    faults: ['manual-mode-ends-unheard'],
    seeds: 2000,
  },
  {
    name: 'the open end of manual mode counts as over before the kernel has ended it',
    file: 'src/core/lease.ts',
    find: '  d.s.lease = { ...lease, leaseUntil, proved: true, doubted: false, endOp };',
    replace:
      '  d.s.lease = { ...lease, leaseUntil, proved: true, endOp: 0, heldOpen: false };\n  setBoot(d, { heldOpen: false });',
    faults: ['manual-mode-missed'],
    seeds: 1000,
  },
  {
    name: 'who ends manual mode asks although the other may serve by hand',
    file: 'src/core/policy.ts',
    find: 'd.s.disk.heldOpenBy === rivalOf(d.settings.role) && !isManual',
    replace: 'd.now < 0 && !isManual',
    faults: ['manual-mode-ends-unheard', 'checkpoint-restart', 'checkpoint-reboot', 'orders-at-both'],
    seeds: 5000,
  },
  {
    name: 'maintenance is forgotten by a node that did not serve',
    file: 'src/core/policy.ts',
    find: 'if (inMaintenance(d.s) && !d.s.disk.serving) {',
    replace: 'if (inMaintenance(d.s) && d.now < 0) {',
    seeds: 1500,
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
    also: unheardEnd,
    faults: [
      'asked-by-hand-as-manual-mode-ends',
      'late-release-as-manual-mode-ends',
      'manual-mode-ends-unheard',
      'orders-at-both',
      'isolation-in',
    ],
    seeds: 2000,
  },
];
