import { type Content, fill, literal } from '../content.ts';
import { keyKinds } from '../tables/keys.ts';
import { agentCount } from './queues.ts';

const KEYS_EACH = 8;

/** How many function keys of each kind there are, in the order of their numbers; the ids follow from it. */
const plan = ({ users, queues, ...rest }: Content): readonly (readonly [kind: string, count: number])[] => [
  ['user', users],
  ['queue', queues],
  ['agent', agentCount({ users, queues, ...rest })],
  ['paging', 5],
  ['custom', 20],
  ['park_position', 10],
];

const extras: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  user: { user_id: 'i' },
  queue: { queue_id: 'i' },
  agent: { agent_id: 'i', extension_id: '1 + i' },
  paging: { paging_id: 'i' },
  custom: { exten: "'*99' || i" },
  park_position: { park_position: '(700 + i)::text' },
};

/** Function keys, and eight on each user's telephone. */
export const keyRows = (content: Content): readonly string[] => {
  const { users, era } = content;
  const kinds = keyKinds(era);
  const numberOf = (name: string): number => kinds.find((kind) => kind.name === name)?.number ?? 0;
  const statements = [
    fill('func_key_type', 2, { name: "CASE i WHEN 1 THEN 'speeddial' ELSE 'transfer' END" }),
    ...kinds.map(({ number, name }) =>
      fill('func_key_destination_type', 1, { id: String(number), name: literal(name) }),
    ),
  ];
  let first = 0;
  for (const [kind, count] of plan(content)) {
    statements.push(
      fill('func_key', count, { id: `${first} + i`, type_id: '1', destination_type_id: String(numberOf(kind)) }),
      fill(`func_key_dest_${kind}`, count, { func_key_id: `${first} + i`, ...extras[kind] }),
    );
    first += count;
  }
  for (let position = 1; position <= KEYS_EACH; position += 1) {
    statements.push(
      fill(
        'func_key_mapping',
        users,
        {
          template_id: 'i',
          func_key_id: `1 + (i + ${position * 37}) % ${users}`,
          destination_type_id: String(numberOf('user')),
          label: `'key ' || ${position}`,
          position: String(position),
        },
        'ON CONFLICT DO NOTHING',
      ),
    );
  }
  return statements;
};
