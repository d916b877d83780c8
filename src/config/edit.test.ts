import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editConfig, readRaw } from './edit.ts';

const FILE = `# The main of our pair.
node: { role: main, name: pbx1, address: 10.0.0.1 } # ours

# The other one.
peer:
  name: pbx2 # in the cellar
  address: 10.0.0.2

alarms: {} # later
`;

test('single keys change, and every comment stays', () => {
  const edited = editConfig(FILE, [
    { path: ['peer', 'address'], value: '10.0.0.9' },
    { path: ['peer', 'pin'], value: 'sha256:x' },
    { path: ['node', 'name'], value: 'pbx7' },
    { path: ['probes', 'ami'], value: null },
    { path: ['network', 'gateway'], value: '10.0.0.254' },
  ]);
  for (const comment of ['# The main of our pair.', '# ours', '# The other one.', '# in the cellar', '# later'])
    assert.ok(edited.includes(comment), comment);
  assert.deepEqual(readRaw(edited), {
    node: { role: 'main', name: 'pbx7', address: '10.0.0.1' },
    peer: { name: 'pbx2', address: '10.0.0.9', pin: 'sha256:x' },
    alarms: {},
    probes: { ami: null },
    network: { gateway: '10.0.0.254' },
  });
});

test('what is so already is not touched, byte for byte; a key can go', () => {
  const odd = "node:   {role: main}   #  spaces\npeer:\n    name:    'b'\n";
  assert.equal(
    editConfig(odd, [
      { path: ['node', 'role'], value: 'main' },
      { path: ['peer', 'name'], value: 'b' },
    ]),
    odd,
  );
  assert.equal(editConfig(odd, [{ path: ['nowhere'], value: undefined }]), odd);
  assert.deepEqual(readRaw(editConfig(odd, [{ path: ['peer', 'name'], value: undefined }]))['peer'], {});
});

test('a new file begins as a plain list of sections', () => {
  const text = editConfig('', [
    { path: ['node', 'role'], value: 'main' },
    { path: ['virtual-ip'], value: { addresses: ['10.0.0.10/24'] } },
  ]);
  assert.equal(text, 'node:\n  role: main\nvirtual-ip:\n  addresses:\n    - 10.0.0.10/24\n');
});
