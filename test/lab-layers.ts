/** The layers of the lab, from the ground up. */

/** Of a lab, what is there before anybody telephones in it: networks, disks, hosts that boot. */
const GROUND = [
  'src',
  'lab/process.ts',
  'lab/requirements.ts',
  'lab/program.ts',
  'lab/scratch.ts',
  'lab/network',
  'lab/tree',
  'lab/hosts',
  'lab/topology.ts',
  'lab/run-state.ts',
  'lab/teardown.ts',
  'lab/lab.ts',
];
/** What stands around a pair; none of them knows the pair, or another. */
const SITES = ['lab/etcd', 'lab/fencing', 'lab/remsys', 'lab/xivo'];
/** What each of them is told: where the hosts are, and what it must offer. */
const AROUND = [...GROUND, 'lab/places.ts', 'lab/site.ts', 'lab/units.ts', 'lab/phones', 'lab/asterisk'];
/** A lab with a pair in it that serves, and scenarios that are done to it. */
const STAGE = [...AROUND, ...SITES, 'lab/data', 'lab/needs.ts', 'lab/pair', 'lab/faults', 'lab/scenarios'];

export const labLayers = [
  // Its command and its tests may see all of it.
  { place: 'lab', mayImport: ['*'], outside: ['*'] },
  { place: 'lab/network', mayImport: ['src', 'lab/process.ts'], outside: ['*'] },
  { place: 'lab/tree', mayImport: ['src', 'lab/process.ts', 'lab/requirements.ts'], outside: ['*'] },
  { place: 'lab/hosts', mayImport: ['src', 'lab/process.ts', 'lab/network', 'lab/tree'], outside: ['*'] },
  ...['lab/topology.ts', 'lab/run-state.ts', 'lab/teardown.ts', 'lab/lab.ts'].map((place) => ({
    place,
    mayImport: GROUND,
    outside: ['*'],
  })),
  // Who sees a pair from outside, as programs of their own.
  { place: 'lab/phones', mayImport: ['src'], outside: ['*'] },
  { place: 'lab/provider', mayImport: ['src', 'lab/phones'], outside: ['*'] },
  { place: 'lab/witness', mayImport: ['src', 'lab/hosts', 'lab/phones'], outside: ['*'] },
  // What a node has besides Dualtone.
  { place: 'lab/telephone-system', mayImport: ['src'], outside: ['*'] },
  { place: 'lab/asterisk', mayImport: ['src', 'lab/hosts'], outside: ['*'] },
  { place: 'lab/data', mayImport: [...GROUND, 'lab/phones', 'lab/asterisk', 'lab/telephone-system'], outside: ['*'] },
  ...SITES.map((place) => ({ place, mayImport: [...AROUND, 'lab/data'], outside: ['*'] })),
  { place: 'lab/pair', mayImport: [...AROUND, ...SITES, 'lab/data'], outside: ['*'] },
  { place: 'lab/faults', mayImport: [...AROUND, ...SITES], outside: ['*'] },
  // Plays any scenario, and knows none.
  {
    place: 'lab/scenarios',
    mayImport: [...STAGE, 'lab/provider', 'lab/witness', 'lab/package/packages.ts'],
    outside: ['*'],
  },
  { place: 'lab/first-run', mayImport: [...GROUND, 'lab/xivo'], outside: ['*'] },
  { place: 'lab/package', mayImport: [...GROUND, 'lab/first-run', 'packaging'], outside: ['*'] },
  {
    place: 'lab/plugs',
    mayImport: [...GROUND, 'lab/units.ts', 'lab/phones', 'lab/pair', 'lab/faults'],
    outside: ['*'],
  },
  { place: 'lab/page', mayImport: [...GROUND, 'lab/first-run', 'lab/package', 'lab/plugs'], outside: ['*'] },
  // Every scenario, as data.
  { place: 'lab/catalogue', mayImport: [...STAGE, 'lab/package', 'lab/page'], outside: ['*'] },
  { place: 'lab/demo', mayImport: [...STAGE, 'lab/plugs', 'sim'], outside: ['*'] },
];
