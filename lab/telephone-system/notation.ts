/** How the tables of a telephone system are written down: a name, and what stands between the parentheses of its CREATE TABLE. */

/** `xivo`: as XiVO had it when it parted from the common project (end of 2016); `wazo`: as the other branch has it today. */
export type Era = 'xivo' | 'wazo';

export type TableList = readonly (readonly [name: string, body: string])[];

/** A serial number of its own. */
export const ID = 'id serial PRIMARY KEY';

/** A random identity of its own. */
export const UUID = 'uuid uuid PRIMARY KEY DEFAULT gen_random_uuid()';

/** Several columns of one type. */
export const many = (type: string, ...names: readonly string[]): string =>
  names.map((name) => `"${name}" ${type}`).join(', ');

/** Texts that may be missing. */
export const texts = (...names: readonly string[]): string => many('varchar(128)', ...names);

/** Texts that are empty unless said otherwise. */
export const words = (...names: readonly string[]): string => many("varchar(128) NOT NULL DEFAULT ''", ...names);

/** Small numbers that serve as yes and no, 0 unless said otherwise. */
export const flags = (...names: readonly string[]): string => many('integer NOT NULL DEFAULT 0', ...names);

export const whole = (...names: readonly string[]): string => many('integer', ...names);

/** Who owns a row: an entity then, a tenant now. */
export const owner = (era: Era): string => (era === 'xivo' ? 'entityid integer' : 'tenant_uuid uuid NOT NULL');

/** One line of a file of Asterisk's, in rows. */
export const fileLine = `${ID}, ${flags('cat_metric', 'var_metric', 'commented')}, ${words('filename', 'category', 'var_name')}, var_val text`;

/** The words of a text. */
export const wordsOf = (text: string): readonly string[] => text.trim().split(/\s+/);
