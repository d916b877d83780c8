/** The node's own file, changed from the page: checked as a start would check it, shown before, written whole, and taken back. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { fail, messageOf, ok, type Result } from '../../core/result.ts';
import { writeWholeSync } from '../../files/whole.ts';
import type { ConfigChange, ConfigPreview, ConfigView } from '../contract.ts';
import type { Audit } from './guard.ts';

export interface ConfigFile {
  /** Faults: `config-unreadable`. */
  view(): Promise<Result<ConfigView>>;
  /** What would change; nothing does. Faults: `config-unreadable`, `config-changed-since`, `config-not-editable`. */
  preview(changes: readonly ConfigChange[], base: string): Promise<Result<ConfigPreview>>;
  /** Faults besides: `config-invalid`, `config-not-written`. */
  write(changes: readonly ConfigChange[], base: string, by: string): Promise<Result<ConfigView>>;
  /** The file as it was before the last change; that one is kept in its place. Fault besides: `config-no-former`. */
  undo(base: string, by: string): Promise<Result<ConfigView>>;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const readWhole = (path: string): Result<string> => {
  try {
    return ok(readFileSync(path, 'utf8'));
  } catch (error) {
    return fail('config-unreadable', `The configuration cannot be read: ${messageOf(error)}.`, 'See to its file.');
  }
};

/** In the place of `path` at once, with mode and owner of `like`. */
const replaceWith = (path: string, text: string, like: string): void => {
  const { mode, uid, gid } = statSync(like);
  // A person's program may be writing it too.
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeWholeSync(path, text, { mode: mode & 0o7777, owner: { uid, gid }, fresh });
};

const formerOf = (path: string): string => `${path}.former`;

/** The former text first, so that a crash between the two loses neither. */
const exchange = (path: string, next: string, now: string): Result<void> => {
  try {
    const target = realpathSync(path);
    replaceWith(formerOf(path), now, target);
    replaceWith(target, next, target);
    return ok(undefined);
  } catch (error) {
    return fail(
      'config-not-written',
      `The configuration cannot be written: ${messageOf(error)}.`,
      'See to the owner of its directory, and to the space on the disk; the file is as it was.',
    );
  }
};

const changedSince = () =>
  fail('config-changed-since', 'The file has been changed since it was shown.', 'Look at it again, then decide.');

const invalid = () =>
  fail(
    'config-invalid',
    'The configuration would not be valid; nothing was changed.',
    'See the preview for each place.',
  );

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

interface Tools {
  readonly check: typeof import('../../config/machine.ts').configProblems;
  readonly parse: typeof import('../../config/parse.ts').parseConfig;
  readonly edit: typeof import('../../config/edit.ts').editConfig;
  readonly machine: import('../../config/machine.ts').Machine;
  readonly settings: typeof import('./settings.ts');
  readonly diff: typeof import('./line-diff.ts').diffOf;
}

/** Loaded when an administrator asks: reading a configuration takes 20 MB. */
const loadTools = async (): Promise<Tools> => {
  const [machine, parse, edit, settings, diff] = await Promise.all([
    import('../../config/machine.ts'),
    import('../../config/parse.ts'),
    import('../../config/edit.ts'),
    import('./settings.ts'),
    import('./line-diff.ts'),
  ]);
  return {
    check: machine.configProblems,
    machine: machine.thisMachine,
    parse: parse.parseConfig,
    edit: edit.editConfig,
    settings,
    diff: diff.diffOf,
  };
};

const previewOf = (tools: Tools, text: string, next: string): ConfigPreview => {
  const { settings } = tools;
  const [before, after] = [tools.parse(text), tools.parse(next)];
  const problems = tools.check('node', next, tools.machine);
  const was = new Map(
    before.ok ? settings.settingsOf(before.config, text).map(({ path, value }) => [path, value]) : [],
  );
  const effective = !after.ok
    ? []
    : settings
        .settingsOf(after.config, next)
        .filter(({ path, value }) => was.get(path) !== value)
        .map(({ path, value }) => ({ path, from: was.get(path) ?? null, to: value }));
  return { problems, notes: after.notes, diff: tools.diff(text, next), effective };
};

const viewOf = async (path: string, inForce: Config): Promise<Result<ConfigView>> => {
  const read = readWhole(path);
  if (!read.ok) return read;
  const tools = await loadTools();
  const { printConfig } = await import('../../config/print.ts');
  const text = read.value;
  const parsed = tools.parse(text);
  const former = statSync(formerOf(path), { throwIfNoEntry: false });
  return ok({
    yaml: printConfig(inForce),
    file: path,
    base: digestOf(text),
    settings: tools.settings.settingsOf(inForce, text),
    // A file that is not valid is mended by hand first.
    editable: parsed.ok ? tools.settings.editableOf(parsed.config, text) : [],
    problems: tools.check('node', text, tools.machine),
    pending: parsed.ok && !isSame(parsed.config, inForce),
    timesChange: parsed.ok && !isSame(parsed.config.timing, inForce.timing),
    formerAt: former === undefined ? null : former.mtimeMs,
  });
};

const auditText = ({ effective }: ConfigPreview, path: string): string =>
  `changed ${path}: ${effective.map((each) => `${each.path} from ${each.from ?? 'nothing'} to ${each.to}`).join('; ')}`;

/** `inForce`: what the agent runs with. */
export const createConfigFile = (path: string, inForce: Config, audit: Audit): ConfigFile => {
  const current = (base: string): Result<string> => {
    const read = readWhole(path);
    if (!read.ok) return read;
    return digestOf(read.value) === base ? read : changedSince();
  };
  const edited = async (changes: readonly ConfigChange[], base: string) => {
    const read = current(base);
    if (!read.ok) return read;
    const tools = await loadTools();
    const parsed = tools.parse(read.value);
    const odd = parsed.ok ? changes.find((change) => !tools.settings.mayEdit(parsed.config, change.path)) : undefined;
    if (!parsed.ok || odd !== undefined)
      return fail(
        'config-not-editable',
        odd === undefined ? 'The file is not valid as it is.' : `The key ${odd.path} is not changed from the page.`,
        'Change it in the file on the node; `dualtone config check` tries it.',
      );
    const next = tools.edit(
      read.value,
      changes.map((change) => ({ path: tools.settings.pathOf(change.path), value: change.value ?? undefined })),
    );
    return ok({ text: read.value, next, told: previewOf(tools, read.value, next) });
  };
  const put = async (text: string, next: string, told: ConfigPreview, by: string, what: string) => {
    if (told.problems.length > 0) return invalid();
    const written = exchange(path, next, text);
    if (!written.ok) return written;
    audit(by, what, auditText(told, path));
    return viewOf(path, inForce);
  };
  return {
    view: () => viewOf(path, inForce),
    preview: async (changes, base) => {
      const done = await edited(changes, base);
      return done.ok ? ok(done.value.told) : done;
    },
    write: async (changes, base, by) => {
      const done = await edited(changes, base);
      if (!done.ok) return done;
      const { text, next, told } = done.value;
      return text === next ? viewOf(path, inForce) : put(text, next, told, by, 'config-change');
    },
    undo: async (base, by) => {
      const read = current(base);
      if (!read.ok) return read;
      const former = readWhole(formerOf(path));
      if (!former.ok) return fail('config-no-former', 'There is no former file.', 'Nothing was changed from the page.');
      const tools = await loadTools();
      return put(read.value, former.value, previewOf(tools, read.value, former.value), by, 'config-undo');
    },
  };
};
