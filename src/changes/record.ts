/** What was changed on this machine and what was there before, in one file of the state directory. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { codeOf, fail, ok, type Result } from '../core/result.ts';
import { readText, replaceFile, sweepBeside } from '../files/replace.ts';

const words = z.array(z.string()).readonly();

const changeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('file'),
    path: z.string(),
    /** Left out where it is kept: its digest tells whether it is still ours. */
    text: z.string(),
    mode: z.number(),
    secret: z.boolean(),
    after: words.nullable(),
    like: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('directory'), path: z.string(), mode: z.number() }),
  z.strictObject({ kind: z.literal('sysctl'), key: z.string(), value: z.string() }),
  z.strictObject({ kind: z.literal('unit'), unit: z.string(), start: z.enum(['start', 'restart', 'leave']) }),
  z.strictObject({ kind: z.literal('remainder'), name: z.string(), remove: words }),
]);

const foundSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file'), text: z.string(), mode: z.number(), uid: z.number(), gid: z.number() }),
    z.strictObject({ kind: z.literal('directory') }),
    z.strictObject({ kind: z.literal('sysctl'), value: z.string() }),
    z.strictObject({ kind: z.literal('unit'), enabled: z.boolean(), active: z.boolean() }),
  ])
  .nullable();

const entrySchema = z.strictObject({
  /** As it was made last; the text of a file is emptied, for its digest says enough. */
  change: changeSchema,
  /** Before Dualtone. */
  former: foundSchema,
  /** Digest of what Dualtone left there. */
  left: z.string(),
  at: z.string(),
  by: z.string(),
});

const stepSchema = z.strictObject({
  change: changeSchema,
  /** Before this batch. */
  before: foundSchema,
  left: z.string(),
});

const recordSchema = z.strictObject({
  version: z.literal(1),
  entries: z.array(z.tuple([z.string(), entrySchema])),
  batch: z.strictObject({ by: z.string(), at: z.string(), steps: z.array(stepSchema) }).nullable(),
});

export type Entry = z.infer<typeof entrySchema>;
export type Step = z.infer<typeof stepSchema>;
export type Batch = NonNullable<z.infer<typeof recordSchema>['batch']>;

export interface RecordState {
  /** In the order in which they were first made. */
  readonly entryById: ReadonlyMap<string, Entry>;
  /** What is being changed now, or was when the program ended; taken back where it was not ended. */
  readonly batch: Batch | null;
}

const unusable = (path: string, why: string) =>
  fail(
    'change-record-unusable',
    `The record of changes ${path} cannot be used: ${why}.`,
    'See to the disk and the state directory; nothing is changed without a record.',
  );

/** Fault: `change-record-unusable`. */
export const readRecord = (path: string): Result<RecordState> => {
  sweepBeside(path);
  const text = readText(path);
  if (!text.ok) return unusable(path, text.error.message.replace(/\.$/, ''));
  if (text.value === null) return ok({ entryById: new Map(), batch: null });
  try {
    const read = recordSchema.parse(JSON.parse(Buffer.from(text.value, 'latin1').toString('utf8')));
    return ok({ entryById: new Map(read.entries), batch: read.batch });
  } catch {
    return unusable(path, 'its content is not a record');
  }
};

/** Durable when it returns. An empty one goes. Fault: `change-record-unusable`. */
export const writeRecord = (path: string, { entryById, batch }: RecordState): Result<void> => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (entryById.size === 0 && batch === null) {
      rmSync(path, { force: true });
      return ok(undefined);
    }
  } catch (error) {
    return unusable(path, codeOf(error));
  }
  const text = JSON.stringify({ version: 1, entries: [...entryById], batch }, null, 1);
  const written = replaceFile(path, Buffer.from(`${text}\n`, 'utf8').toString('latin1'), 0o600);
  return written.ok ? written : unusable(path, written.error.message.replace(/\.$/, ''));
};
