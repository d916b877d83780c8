/** What comes over the connection is read here, and nowhere else: what does not fit is nothing. */
import { z } from 'zod';
import type { InviterMessage, JoinerMessage } from './words.ts';

/** Of a whole frame; a token’s offer is a few kilobytes. */
export const MOST_FRAME_BYTES = 64 * 1024;

const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^\P{Cc}*$/u);
const place = z.union([z.ipv4(), z.ipv6()]);
const portNumber = z.int().min(1).max(65_535);
const nodeName = z.string().regex(/^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/);
const role = z.enum(['main', 'standby']);
const kind = z.enum(['node', 'checkpoint']);
const pin = z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/);
const network = z.union([z.cidrv4(), z.cidrv6()]);
const keyText = z
  .string()
  .max(100)
  .regex(/^dualtone-key-1 [A-Za-z0-9_-]{43}\n$/);

const facts = z.strictObject({
  kind,
  program: line(100),
  name: nodeName,
  address: place,
  port: portNumber,
  role: role.nullable(),
  networks: z.array(network).max(64),
  machine: line(64),
  wall: z.number(),
  pairedWith: pin.nullable(),
  serving: z.boolean(),
});

const at = z.strictObject({ name: nodeName, address: place, port: portNumber }).nullable();

/** Sections that may be handed over: their content is held against the schema of the configuration before anything is written. */
const shared = z.record(z.string().regex(/^[a-z][a-z-]{0,30}$/), z.unknown());

const offer = z.strictObject({ facts, as: nodeName, main: at, standby: at, shared, replaces: z.boolean() });

const grant = z.strictObject({
  pairKey: keyText.nullable(),
  checkpointKeys: z.record(nodeName, keyText),
  nodeKeys: z.strictObject({ main: keyText.optional(), standby: keyText.optional() }),
});

const fault = z.strictObject({ code: z.string().regex(/^[a-z0-9-]{1,60}$/), message: line(500), remedy: line(500) });
const refuse = z.strictObject({ type: z.literal('refuse'), fault });
const proof = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const joinerMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), token: z.string().regex(/^[0-9a-f]{16}$/), proof, resume: z.boolean() }),
  z.strictObject({ type: z.literal('accept'), facts }),
  z.strictObject({ type: z.literal('applied') }),
  z.strictObject({ type: z.literal('bye') }),
  refuse,
]);

const inviterMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('offer'), proof, offer }),
  z.strictObject({ type: z.literal('resumed'), proof }),
  z.strictObject({ type: z.literal('grant'), grant }),
  z.strictObject({ type: z.literal('done') }),
  refuse,
]);

/** Null where it is none. */
export const readJoinerMessage = (input: unknown): JoinerMessage | null => {
  const read = joinerMessage.safeParse(input);
  return read.success ? read.data : null;
};

/** Null where it is none. */
export const readInviterMessage = (input: unknown): InviterMessage | null => {
  const read = inviterMessage.safeParse(input);
  return read.success ? (read.data as InviterMessage) : null;
};
