/** The server faces the network: what it says is checked like anything from there, in its outline; single fields are the agent's to check. */
import { z } from 'zod';
import {
  commandSchema,
  configChangesSchema,
  digestSchema,
  drillIdSchema,
  drillSchema,
  inviteSchema,
  joinSchema,
  workSchema,
} from '../schemas.ts';
import type { FromServer } from '../wire.ts';

const text = (most: number) => z.string().max(most);
const count = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const querySchema = z.strictObject({
  before: count().nullable(),
  after: count().nullable(),
  since: z.number().nullable(),
  until: z.number().nullable(),
  kinds: z.array(text(64)).max(32),
  search: text(200),
  limit: z.int().min(1).max(1000),
});

const askSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('login'), user: text(64), password: text(1024) }),
  z.strictObject({
    name: z.enum([
      'logout',
      'who',
      'pair',
      'jobs',
      'alarm-list',
      'verify',
      'config',
      'users',
      'pairing',
      'pairing-cancel',
      'restart',
      'drills',
      'drill-stop',
    ]),
  }),
  z.strictObject({
    name: z.literal('command'),
    request: z.strictObject({ command: commandSchema, epoch: count().nullable().optional() }),
  }),
  z.strictObject({ name: z.literal('preview'), command: commandSchema }),
  z.strictObject({ name: z.literal('job'), work: workSchema }),
  z.strictObject({ name: z.enum(['drill-report', 'drill-paper']), id: drillIdSchema }),
  z.strictObject({ name: z.enum(['drill-preview', 'drill-begin']), request: drillSchema }),
  z.strictObject({ name: z.literal('alarm-test'), channel: text(64).nullable() }),
  z.strictObject({ name: z.enum(['journal', 'export']), query: querySchema }),
  z.strictObject({
    name: z.enum(['config-preview', 'config-write', 'config-both-preview']),
    request: z.strictObject({ changes: configChangesSchema, base: digestSchema }),
  }),
  z.strictObject({ name: z.literal('pairing-invite'), request: inviteSchema }),
  z.strictObject({ name: z.literal('pairing-join'), request: joinSchema }),
  z.strictObject({
    name: z.literal('config-both-write'),
    request: z.strictObject({ changes: configChangesSchema, base: digestSchema, otherBase: digestSchema }),
  }),
  z.strictObject({ name: z.enum(['config-undo', 'config-both-undo']), base: digestSchema }),
]);

const fromServerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('listening'), ports: z.array(z.int()).max(8) }),
  z.strictObject({
    type: z.literal('say'),
    fault: z.strictObject({ code: text(64), message: text(500), remedy: text(500) }),
  }),
  z.strictObject({
    type: z.literal('ask'),
    id: text(32),
    credential: z.strictObject({ kind: z.enum(['session', 'token']), secret: text(256) }).nullable(),
    // It stands in the journal.
    address: z.string().regex(/^[0-9A-Fa-f:.%a-z]{0,60}$/),
    ask: askSchema,
  }),
]);

/** Null: odd. */
export const readFromServer = (input: unknown): FromServer | null => {
  const read = fromServerSchema.safeParse(input);
  return read.success ? (read.data as FromServer) : null;
};
