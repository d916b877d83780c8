/** What an agent says of itself (`action=metadata`): which parameters it knows, so that a slip is named before it matters. */
import { fail, ok, type Result } from '../core/result.ts';
import type { FenceDevice } from './device.ts';

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  /** `string`, `boolean`, `integer`, `second`, `select`. */
  readonly type: string;
  readonly default: string | null;
  readonly about: string;
  /** Its old name, where it has one. */
  readonly obsoletes: string | null;
  readonly deprecated: boolean;
  /** With `select`. */
  readonly values: readonly string[];
}

export interface AgentAbout {
  readonly name: string;
  readonly about: string;
  readonly parameters: readonly Parameter[];
  readonly actions: readonly string[];
}

const ENTITY_TABLE: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const plain = (text: string): string =>
  text
    .replaceAll(/&(?:#(\d{1,6})|([a-z]{2,4}));/g, (whole, code: string | undefined, name: string | undefined) =>
      code === undefined ? (ENTITY_TABLE[name ?? ''] ?? whole) : String.fromCodePoint(Math.min(Number(code), 0x10ffff)),
    )
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 400);

const attributesOf = (tag: string): ReadonlyMap<string, string> =>
  new Map([...tag.matchAll(/([\w-]+)\s*=\s*"([^"]*)"/g)].map(([, name = '', value = '']) => [name, plain(value)]));

const parameterOf = ([, head = '', body = '']: RegExpExecArray | RegExpMatchArray): Parameter => {
  const attributes = attributesOf(head);
  const content = attributesOf(/<content\b([^>]*)>/.exec(body)?.[1] ?? '');
  return {
    name: attributes.get('name') ?? '',
    required: attributes.get('required') === '1',
    type: content.get('type') ?? 'string',
    default: content.get('default') ?? null,
    about: plain(/<shortdesc\b[^>]*>([^<]*)/.exec(body)?.[1] ?? ''),
    obsoletes: attributes.get('obsoletes') ?? null,
    deprecated: attributes.get('deprecated') === '1',
    values: [...body.matchAll(/<option\b([^>]*)>/g)].map(([, tag = '']) => attributesOf(tag).get('value') ?? ''),
  };
};

/** Reads only the elements that FenceAgentAPI names; a document of another kind has none. Fault: `fence-metadata-odd`. */
export const readMetadata = (xml: string): Result<AgentAbout> => {
  const root = /<resource-agent\b([^>]*)>/.exec(xml);
  const parameters = [...xml.matchAll(/<parameter\b([^>]*)>(.*?)<\/parameter>/gs)].map(parameterOf);
  const actions = [...xml.matchAll(/<action\b([^>]*)>/g)].map(([, tag = '']) => attributesOf(tag).get('name') ?? '');
  if (root === null || parameters.length === 0)
    return fail(
      'fence-metadata-odd',
      'The agent does not describe itself as a fence agent does.',
      'Run it with `-o metadata` by hand; is it one of Debian’s `fence-agents`?',
    );
  const attributes = attributesOf(root[1] ?? '');
  return ok({ name: attributes.get('name') ?? '', about: attributes.get('shortdesc') ?? '', parameters, actions });
};

/** Letters to be changed, taken away or put in; small numbers only. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_none, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
};

const nearest = (name: string, { parameters }: AgentAbout): string | null => {
  const near = parameters
    .map((each) => ({ name: each.name, far: distance(name, each.name) }))
    .toSorted((a, b) => a.far - b.far)[0];
  return near !== undefined && near.far <= 3 ? near.name : null;
};

const valueTrouble = (parameter: Parameter, value: string): string | null => {
  const { name, type, values } = parameter;
  if (type === 'select' && values.length > 0 && !values.includes(value))
    return `${name} is ${value}, and may be ${values.join(', ')}`;
  if ((type === 'integer' || type === 'second') && !/^-?\d+(\.\d+)?$/.test(value))
    return `${name} is no number: ${value}`;
  if (type === 'boolean' && !/^(0|1|on|off|yes|no|true|false)$/i.test(value))
    return `${name} is neither 1 nor 0: ${value}`;
  return null;
};

const isGiven = ({ name, obsoletes }: Parameter, given: ReadonlySet<string>): boolean =>
  given.has(name) || (obsoletes !== null && given.has(obsoletes));

/** What is wrong with a device's parameters, by its agent's own words; empty: nothing that can be seen without asking the device. */
export const parameterTroubles = (device: FenceDevice, about: AgentAbout): readonly string[] => {
  const pairs = device.options.map((option) => {
    const at = option.indexOf('=');
    return [option.slice(0, at), option.slice(at + 1)] as const;
  });
  const given = new Set([...pairs.map(([name]) => name), ...device.secrets.map(({ option }) => option)]);
  const known = new Map(about.parameters.map((each) => [each.name, each]));
  const unknown = [...given].filter((name) => !known.has(name));
  return [
    ...unknown.map((name) => {
      const near = nearest(name, about);
      return `${device.agent} knows no parameter ${name}${near === null ? '' : `; is it ${near}?`}`;
    }),
    ...pairs.flatMap(([name, value]) => {
      const parameter = known.get(name);
      const trouble = parameter === undefined ? null : valueTrouble(parameter, value);
      return trouble === null ? [] : [trouble];
    }),
    ...about.parameters
      .filter((each) => each.required && each.default === null && !each.deprecated && each.name !== 'action')
      .filter((each) => !isGiven(each, given))
      .map(({ name }) => `${device.agent} needs ${name}`),
    ...['off', 'status']
      .filter((each) => !about.actions.includes(each))
      .map((each) => `${device.agent} has no action ${each}`),
  ];
};
