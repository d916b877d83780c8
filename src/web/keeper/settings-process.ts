/** `dualtone settings`: one question of the other node about this node's file, from standard input to standard output. The pair's own keys have let it in. */
import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { tellAudit } from '../../api/client.ts';
import { type Config, controlSocketPath } from '../../config/config.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { configChangesSchema, digestSchema } from '../schemas.ts';
import { createConfigFile } from './config-file.ts';

const askSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('look') }),
  z.strictObject({ name: z.enum(['preview', 'write']), base: digestSchema, changes: configChangesSchema }),
  z.strictObject({ name: z.literal('undo'), base: digestSchema }),
]);

const questionSchema = z.strictObject({ by: z.string().max(200), ask: askSchema });

/** What the other node asks, checked there. */
export type SettingsAsk = z.output<typeof askSchema>;

/** Of the file as it is. */
export interface SettingsLook {
  readonly base: string;
  readonly formerAt: number | null;
  /** Keys that may be changed there. */
  readonly paths: readonly string[];
}

const questionIn = (text: string): Result<z.output<typeof questionSchema>> => {
  try {
    const read = questionSchema.safeParse(JSON.parse(text));
    if (read.success) return ok(read.data);
  } catch {
    // Said below.
  }
  return fail('settings-odd', 'The other node asked something odd.', 'Run the same version on both nodes.');
};

const answer = async (config: Config, path: string, text: string): Promise<Result<unknown>> => {
  const question = questionIn(text);
  if (!question.ok) return question;
  const { by, ask } = question.value;
  const audits: Promise<unknown>[] = [];
  const file = createConfigFile(path, config, (who, what, detail) => {
    // An entry of the journal has so much room.
    audits.push(tellAudit(controlSocketPath(config), who, what, detail.slice(0, 200)));
  });
  const look = (view: Awaited<ReturnType<typeof file.view>>): Result<SettingsLook> => {
    if (!view.ok) return view;
    const { base, formerAt, editable } = view.value;
    return ok({ base, formerAt, paths: editable.map((each) => each.path) });
  };
  const asked = async (): Promise<Result<unknown>> => {
    switch (ask.name) {
      case 'look':
        return look(await file.view());
      case 'preview':
        return file.preview(ask.changes, ask.base);
      case 'write':
        return look(await file.write(ask.changes, ask.base, by));
      case 'undo':
        return look(await file.undo(ask.base, by));
    }
  };
  const result = await asked();
  await Promise.all(audits);
  return result;
};

/** Never fails: what is wrong is in the answer. */
export const answerOther = async (config: Config, path: string): Promise<Result<void>> => {
  const result = await answer(config, path, await readAll(process.stdin));
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return ok(undefined);
};
