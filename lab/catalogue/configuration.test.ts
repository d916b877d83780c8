import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCheckpointConfig, parseConfig } from '../../src/config/parse.ts';
import { octetByRole } from '../network/addressing.ts';
import { checkpointConfiguration, nodeConfiguration } from '../pair/configuration.ts';
import { usualSetup } from '../pair/setup.ts';
import type { LabPlaces } from '../places.ts';
import { catalogue } from './catalogue.ts';

const octetByName: Readonly<Record<string, number>> = octetByRole;

const address = (octet: number): { readonly v4: string; readonly v6: string } => ({
  v4: `10.99.0.${octet}`,
  v6: `fd00::${octet}`,
});

const places: LabPlaces = {
  host: (name) => ({ address: address(octetByName[name] ?? 99) }),
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
