import { type Fault, fail, ok, type Result } from '../core/result.ts';
import type { AmiAsk, AmiConnection } from './connection.ts';
import { type AmiHeader, type AmiMessage, headerOf, numberOf } from './message.ts';

/** A row of AstDB: the key without its family. */
export interface AstDbRow {
  readonly key: string;
  readonly value: string;
}

/** What the manager said no to. */
const refusal = (action: string, response: AmiMessage): { readonly ok: false; readonly error: Fault } => {
  const why = (headerOf(response, 'Message') ?? response.name).slice(0, 200);
  const denied = /permission denied/i.test(why);
  return fail(
    denied ? 'ami-permission' : 'ami-refusal',
    `Asterisk refused ${action}: ${why}.`,
    denied ? 'Give the manager user the needed class in manager.conf.' : 'Look at the Asterisk log.',
  );
};

/** Is anybody there? Needs no permission. Faults as `act`. */
export const ping = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<void>> => {
  const answer = await ami.act('Ping', [], ask);
  if (!answer.ok) return answer;
  return answer.value.response.name === 'Success' || answer.value.response.name === 'Pong'
    ? ok(undefined)
    : refusal('Ping', answer.value.response);
};

/** Calls in progress (`CoreCurrentCalls`). Needs class `system` or `reporting`. Faults as `act`, and `ami-permission`. */
export const callsInProgress = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<number>> => {
  const answer = await ami.act('CoreStatus', [], ask);
  if (!answer.ok) return answer;
  const calls = numberOf(answer.value.response, 'CoreCurrentCalls');
  return calls === undefined ? refusal('CoreStatus', answer.value.response) : ok(calls);
};

/** The contacts that PJSIP knows, as the manager lists them. Needs class `system`. */
export const showContacts = async (ami: AmiConnection, ask: AmiAsk = {}): Promise<Result<readonly AmiMessage[]>> => {
  const answer = await ami.act('PJSIPShowContacts', [], { ...ask, until: 'ContactListComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name === 'Success') return ok(entries);
  // An empty list is an error for Asterisk, and none for us.
  const isEmpty = /^no contacts found/i.test(headerOf(response, 'Message') ?? '');
  return isEmpty ? ok([]) : refusal('PJSIPShowContacts', response);
};

/** Runs a command of Asterisk's console and gives its lines. Needs class `command`. */
export const runCommand = async (
  ami: AmiConnection,
  command: string,
  ask: AmiAsk = {},
): Promise<Result<readonly string[]>> => {
  const answer = await ami.act('Command', [['Command', command]], ask);
  if (!answer.ok) return answer;
  const { response } = answer.value;
  return response.name === 'Success' || response.name === 'Follows'
    ? ok(response.output)
    : refusal('Command', response);
};

/**
 * The value of one row of AstDB, null when there is none. Needs class `system` or `reporting`. Asterisk 16 cuts what `DBGet`
 * gives at 255 bytes (tried: 16.28 does, 22.10 does not); a value that may be such a piece is read with `DBGetTree`.
 */
export const dbGet = async (
  ami: AmiConnection,
  family: string,
  key: string,
  ask: AmiAsk = {},
): Promise<Result<string | null>> => {
  const headers = [
    ['Family', family],
    ['Key', key],
  ] as const;
  const answer = await ami.act('DBGet', headers, { ...ask, until: 'DBGetComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name === 'Success') {
    const value = entries[0] === undefined ? undefined : headerOf(entries[0], 'Val');
    return value !== undefined && mayBeCut(value) ? dbGetWhole(ami, family, key, ask) : ok(value ?? null);
  }
  return /not found/i.test(headerOf(response, 'Message') ?? '') ? ok(null) : refusal('DBGet', response);
};

/** Cut at 255 bytes, perhaps within a letter, of which then up to three bytes too much are left. */
const mayBeCut = (value: string): boolean => {
  const bytes = Buffer.byteLength(value);
  return bytes >= 252 && bytes <= 258;
};

const dbGetWhole = async (
  ami: AmiConnection,
  family: string,
  key: string,
  ask: AmiAsk,
): Promise<Result<string | null>> => {
  const rows = await dbTree(ami, family, ask, key);
  if (!rows.ok) return rows;
  // Asterisk looks with LIKE: `_` in a key fits any letter.
  return ok(rows.value.find((row) => row.key === key)?.value ?? null);
};

/**
 * All rows of a family, keys without it; of all families, keys with them, when it is empty. `DBGetTree` where there is one (Asterisk from 16.28, 18.14 on: 10,000 rows in
 * 55 ms), else the console's `database show`, which needs class `command`. With `under`: only that row and what is below it.
 */
export const dbTree = async (
  ami: AmiConnection,
  family: string,
  ask: AmiAsk = {},
  under?: string,
): Promise<Result<readonly AstDbRow[]>> => {
  const headers: AmiHeader[] = [['Family', family]];
  if (under !== undefined) headers.push(['Key', under]);
  const answer = await ami.act('DBGetTree', headers, { ...ask, until: 'DBGetTreeComplete' });
  if (!answer.ok) return answer;
  const { response, entries } = answer.value;
  if (response.name === 'Success')
    return ok(entries.flatMap((entry) => rowOf(family, headerOf(entry, 'Key'), headerOf(entry, 'Val'))));
  if (!/invalid\/unknown command/i.test(headerOf(response, 'Message') ?? '')) return refusal('DBGetTree', response);
  const lines = await runCommand(ami, ['database show', family, under ?? ''].join(' ').trim(), ask);
  if (!lines.ok) return lines;
  return ok(
    lines.value.flatMap((line) => {
      // The console pads both columns with blanks.
      const parts = /^(\S+)\s*: (.*?)\s*$/.exec(line);
      return rowOf(family, parts?.[1], parts?.[2]);
    }),
  );
};

const rowOf = (family: string, path: string | undefined, value: string | undefined): readonly AstDbRow[] => {
  const prefix = family === '' ? '/' : `/${family}/`;
  return path?.startsWith(prefix) === true && value !== undefined ? [{ key: path.slice(prefix.length), value }] : [];
};

/** Puts one row into the running Asterisk's AstDB. Needs class `system`. Faults as `act`, and `ami-permission`. */
export const dbPut = async (
  ami: AmiConnection,
  family: string,
  row: AstDbRow,
  ask: AmiAsk = {},
): Promise<Result<void>> => {
  const answer = await ami.act(
    'DBPut',
    [
      ['Family', family],
      ['Key', row.key],
      ['Val', row.value],
    ],
    ask,
  );
  if (!answer.ok) return answer;
  return answer.value.response.name === 'Success' ? ok(undefined) : refusal('DBPut', answer.value.response);
};

/** Deletes one row; true when it was there. Needs class `system`. */
export const dbDelete = async (
  ami: AmiConnection,
  family: string,
  key: string,
  ask: AmiAsk = {},
): Promise<Result<boolean>> => {
  const answer = await ami.act(
    'DBDel',
    [
      ['Family', family],
      ['Key', key],
    ],
    ask,
  );
  if (!answer.ok) return answer;
  const { response } = answer.value;
  if (response.name === 'Success') return ok(true);
  return /not found|does not exist|could not be deleted/i.test(headerOf(response, 'Message') ?? '')
    ? ok(false)
    : refusal('DBDel', response);
};

/** Whether Asterisk has this module (`chan_sip`) loaded. Needs class `system`. Faults as `act`, and `ami-permission`. */
export const isLoaded = async (ami: AmiConnection, module: string, ask: AmiAsk = {}): Promise<Result<boolean>> => {
  const answer = await ami.act('ModuleCheck', [['Module', module]], ask);
  if (!answer.ok) return answer;
  const { response } = answer.value;
  if (response.name === 'Success') return ok(true);
  return /not loaded/i.test(headerOf(response, 'Message') ?? '') ? ok(false) : refusal('ModuleCheck', response);
};

/**
 * Unloads a module and loads it again, in one: refused while calls use it. By the console, since `ModuleLoad` of Asterisk 16 has no
 * `refresh`. Needs class `command`. Faults as `act`, `ami-permission`, `ami-refusal`.
 */
export const refreshModule = async (ami: AmiConnection, module: string, ask: AmiAsk = {}): Promise<Result<void>> => {
  const said = await runCommand(ami, `module refresh ${module}.so`, ask);
  if (!said.ok) return said;
  if (said.value.some((line) => line.startsWith('Unloaded and loaded '))) return ok(undefined);
  return fail(
    'ami-refusal',
    `Asterisk refused to load ${module} anew: ${said.value.join(' ').slice(0, 200)}`,
    'Look at the Asterisk log.',
  );
};
