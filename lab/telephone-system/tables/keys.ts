import { type Era, flags, ID, type TableList } from '../notation.ts';

/** One kind of function key's destination: its number in `func_key_destination_type`, and what it points to. */
interface KeyKind {
  readonly number: number;
  readonly name: string;
  readonly target: readonly [column: string, table: string] | null;
  readonly also?: string;
}

const shared: readonly KeyKind[] = [
  { number: 1, name: 'user', target: ['user_id', 'userfeatures'] },
  { number: 2, name: 'group', target: ['group_id', 'groupfeatures'] },
  { number: 3, name: 'queue', target: ['queue_id', 'queuefeatures'] },
  { number: 4, name: 'conference', target: ['conference_id', 'meetmefeatures'] },
  { number: 5, name: 'service', target: ['extension_id', 'extensions'] },
  { number: 6, name: 'forward', target: ['extension_id', 'extensions'], also: 'number varchar(40)' },
  { number: 7, name: 'park_position', target: null, also: 'park_position varchar(40) NOT NULL' },
  { number: 8, name: 'features', target: ['features_id', 'features'] },
  { number: 9, name: 'paging', target: ['paging_id', 'paging'] },
  { number: 10, name: 'custom', target: null, also: 'exten varchar(40) NOT NULL' },
  { number: 11, name: 'agent', target: ['agent_id', 'agentfeatures'], also: 'extension_id integer NOT NULL' },
  { number: 12, name: 'bsfilter', target: ['filtermember_id', 'callfiltermember'] },
];
const modern: readonly KeyKind[] = [
  { number: 13, name: 'groupmember', target: ['group_id', 'groupfeatures'], also: 'extension_id integer NOT NULL' },
  { number: 14, name: 'parking', target: ['parking_lot_id', 'parking_lot'] },
];

/** The kinds of that era. What a conference is differs between the two. */
export const keyKinds = (era: Era): readonly KeyKind[] =>
  era === 'xivo'
    ? shared
    : [
        ...shared.map(
          (kind): KeyKind => (kind.number === 4 ? { ...kind, target: ['conference_id', 'conference'] } : kind),
        ),
        ...modern,
      ];

const destinationTable = ({ number, name, target, also }: KeyKind): readonly [string, string] => [
  `func_key_dest_${name}`,
  `func_key_id integer, destination_type_id integer NOT NULL DEFAULT ${number} CHECK (destination_type_id = ${number}), ${target === null ? '' : `${target[0]} integer NOT NULL,`} ${also === undefined ? '' : `${also},`} PRIMARY KEY (func_key_id, destination_type_id)`,
];

/** Function keys: composite keys, composite foreign keys, and a constant held by a check in each table. */
export const keyTables = (era: Era): TableList => [
  ['func_key_type', `${ID}, name varchar(128) NOT NULL`],
  ['func_key_destination_type', 'id integer PRIMARY KEY, name varchar(128) NOT NULL'],
  [
    'func_key',
    'id serial, type_id integer NOT NULL, destination_type_id integer NOT NULL, PRIMARY KEY (id, destination_type_id)',
  ],
  [
    'func_key_template',
    `${ID}, ${era === 'xivo' ? '' : 'tenant_uuid uuid NOT NULL, '}name varchar(128), private boolean NOT NULL DEFAULT false`,
  ],
  [
    'func_key_mapping',
    'template_id integer, func_key_id integer, destination_type_id integer, label varchar(128), position integer NOT NULL CHECK (position > 0), blf boolean NOT NULL DEFAULT true, PRIMARY KEY (template_id, func_key_id, destination_type_id), UNIQUE (template_id, position)',
  ],
  ...keyKinds(era).map(destinationTable),
  [
    'features',
    `${ID}, ${flags('cat_metric', 'var_metric', 'commented')}, filename varchar(128) NOT NULL, category varchar(128) NOT NULL, var_name varchar(128) NOT NULL, var_val varchar(255)`,
  ],
];

/** Their foreign keys, as `child(columns) parent(columns)`. */
export const keyForeignKeys = (era: Era): readonly string[] => [
  'func_key(type_id) func_key_type(id)',
  'func_key(destination_type_id) func_key_destination_type(id)',
  'func_key_mapping(template_id) func_key_template(id)',
  'func_key_mapping(func_key_id, destination_type_id) func_key(id, destination_type_id)',
  ...keyKinds(era).flatMap(({ name, target, also }) => [
    `func_key_dest_${name}(func_key_id, destination_type_id) func_key(id, destination_type_id)`,
    ...(target === null ? [] : [`func_key_dest_${name}(${target[0]}) ${target[1]}(id)`]),
    ...(also?.startsWith('extension_id') === true ? [`func_key_dest_${name}(extension_id) extensions(id)`] : []),
  ]),
];
