import { z } from 'zod';
import { DEFAULT_PORT, nodeSections } from './node.ts';
import { absolutePath, address, duration, name, port } from './scalars.ts';

const nodeAt = (which: string) =>
  z
    .strictObject({
      address: address().describe('Its address on the voice network.'),
      port: port().default(DEFAULT_PORT).describe('Its port.'),
      'key-file': absolutePath()
        .optional()
        .describe(
          'The key of this node and this checkpoint alone, from `dualtone join`; the `key-file` of the pair if absent.',
        ),
    })
    .describe(which);

/** Sections and keys of a checkpoint's file. */
export const checkpointSections = {
  name: name().describe('Its name, as the nodes call it under `arbiter.checkpoints`.'),
  listen: z
    .strictObject({
      address: address().describe('Address on which the nodes reach it.'),
      port: port().default(DEFAULT_PORT).describe('UDP port.'),
    })
    .describe('Where it hears the nodes.'),
  'key-file': nodeSections['key-file'],
  nodes: z
    .strictObject({ main: nodeAt('The main.'), standby: nodeAt('The standby.') })
    .describe('The two nodes of the pair.'),
  preset: z.enum(['fast', 'quick']).default('fast').describe('The same as on the nodes: sets `timing`.'),
  timing: z
    .strictObject({
      promise: duration(50)
        .prefault('600ms')
        .describe('`P`: the same as on the nodes; a node whose lease is not shorter is refused.'),
      restart: duration(0).prefault('400ms').describe('`R`: the same as on the nodes.'),
    })
    .prefault({})
    .describe('Times of the lease.'),
  alarms: nodeSections.alarms,
  'state-dir': nodeSections['state-dir'],
  'run-dir': nodeSections['run-dir'],
  journal: nodeSections.journal,
  'control-socket': nodeSections['control-socket'],
};

/** A checkpoint's file. */
export const checkpointSchema = z.strictObject(checkpointSections);
