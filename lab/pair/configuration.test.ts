import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCheckpointConfig, parseConfig } from '../../src/config/parse.ts';
import type { Host } from '../hosts/host.ts';
import { octetByRole } from '../network/addressing.ts';
import { catalogue } from '../scenarios/catalogue.ts';
import { checkpointConfiguration, type LabPlaces, nodeConfiguration } from './configuration.ts';
import { usualSetup } from './setup.ts';

const octetByName: Readonly<Record<string, number>> = octetByRole;

const address = (octet: number): { readonly v4: string; readonly v6: string } => ({
  v4: `10.99.0.${octet}`,
  v6: `fd00::${octet}`,
});

const places: LabPlaces = {
  host: (name) => ({ address: address(octetByName[name] ?? 99) }) as Host,
  virtual: address(10),
  gateway: address(1),
};

describe('the files of a scenario', () => {
  for (const { name, setup } of catalogue) {
    it(`${name}: are taken by the agents and the checkpoint`, () => {
      const full = { ...usualSetup, ...setup };
      for (const role of ['main', 'standby'] as const) {
        const parsed = parseConfig(nodeConfiguration(places, role, full));
        assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
        assert.equal(parsed.config.node.role, role);
      }
      // A pair with etcd has no checkpoint.
      if (full.etcd) return;
      const parsed = parseCheckpointConfig(checkpointConfiguration(places, 'checkpoint1', full));
      assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
    });
  }
});
