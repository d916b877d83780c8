/** What a person may ask for, as schemas: the server checks requests by them, the keeper checks the server, and the API's description is made of them. */
import { z } from 'zod';
import { CHECKPOINT_NAME, MOST_MAINTENANCE_MS, TOKEN_FORM } from './contract.ts';

const text = (most: number) => z.string().max(most);
const name = () => z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
const count = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const span = () =>
  z
    .number()
    .min(0)
    .max(3650 * 86_400_000);
const flag = () => z.boolean().optional();
const entries = () => z.array(text(64)).max(1000).optional();
/** One line that means something. */
const line = () =>
  z
    .string()
    .trim()
    .min(1, 'a reason')
    .max(200)
    .regex(/^\P{Cc}*$/u, 'one line of text');
const confirmation = { confirm: text(64).optional(), acceptLoss: flag() };
const moving = { whenIdle: flag(), maxWaitMs: span().optional(), acceptLoss: flag() };

export const commandSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('start'), ...confirmation }),
  z.strictObject({ name: z.literal('stop') }),
  z.strictObject({ name: z.literal('takeover'), ...confirmation }),
  z.strictObject({ name: z.literal('switchover'), ...moving }),
  z.strictObject({ name: z.literal('failback'), ...moving }),
  z.strictObject({ name: z.literal('mode'), mode: z.enum(['automatic', 'manual']) }),
  z.strictObject({
    name: z.literal('maintenance-on'),
    forMs: z.number().min(1000).max(MOST_MAINTENANCE_MS),
    reason: line(),
  }),
  z.strictObject({ name: z.literal('maintenance-off') }),
  z.strictObject({ name: z.literal('acknowledge') }),
]);

export const workSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('check'), only: name().nullable().optional() }),
  z.strictObject({ name: z.literal('replicate'), stream: name().nullable().optional() }),
  z.strictObject({ name: z.literal('merge-preview') }),
  z.strictObject({
    name: z.literal('merge-run'),
    configuration: z.enum(['ask', 'accept', 'refuse']).optional(),
    accept: entries(),
    refuse: entries(),
  }),
  z.strictObject({ name: z.literal('merge-undo'), merge: count() }),
  z.strictObject({ name: z.literal('merge-report'), merge: count().nullable().optional() }),
  z.strictObject({ name: z.literal('loss') }),
  z.strictObject({ name: z.literal('forecast') }),
  z.strictObject({ name: z.literal('sync-init') }),
  z.strictObject({ name: z.literal('sync-remove'), preview: z.boolean(), withKey: flag(), force: flag() }),
]);

/** When a drill was begun, in UTC. */
export const drillIdSchema = z.string().regex(/^\d{8}-\d{6}$/, 'such as 20261122-030000');

export const drillSchema = z.strictObject({
  kind: z.enum(['dry', 'switchover', 'takeover']),
  withCalls: flag(),
  acceptLoss: flag(),
  anyTime: flag(),
});

const addressSchema = z.union([z.ipv4(), z.ipv6()]);

export const inviteSchema = z.strictObject({
  replace: flag(),
  confirm: text(64).optional(),
  validMinutes: z.int().min(1).max(60).optional(),
  checkpoint: z.strictObject({ name: z.string().regex(CHECKPOINT_NAME, 'a name'), address: addressSchema }).optional(),
  port: z.int().min(1).max(65_535).optional(),
});

export const joinSchema = z.strictObject({
  token: z.string().regex(TOKEN_FORM, 'a whole token, as it was shown'),
  address: addressSchema.optional(),
  confirm: text(64),
});

const settingValue = z.union([text(200), z.number().min(0).max(1e9), z.boolean(), z.array(text(64)).max(100)]);

/** `alarms.rules[0].severity` at the longest. */
const settingPath = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,40}(\.[a-z][a-z0-9-]{0,40}|\[\d{1,3}\]){0,4}$/, 'the path of a key');

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'what GET /config said');

export const configChangesSchema = z
  .array(z.strictObject({ path: settingPath, value: settingValue.nullable() }))
  .min(1)
  .max(100);
