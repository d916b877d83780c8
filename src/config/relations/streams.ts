/** Contradictions and dangers in what follows from node to node. */

import type { Config } from '../config.ts';
import type { Clash } from './clash.ts';

type Sections = Partial<Config>;
type Streams = Config['streams'];

const isWithin = (path: string, directory: string): boolean =>
  directory === '/' || path === directory || path.startsWith(`${directory}/`);

const plain = (path: string): string => path.replace(/(?<=.)\/+$/, '');

/** Each node's own, that a copy from the other would destroy. */
const ownPlaces = (
  { stateDir, runDir }: Sections,
  { mysql, database }: Streams,
): readonly (readonly [path: string, what: string])[] => [
  ['/etc/dualtone', 'this program’s own settings'],
  ...(stateDir === undefined ? [] : [[stateDir, 'this program’s own memory'] as const]),
  ...(runDir === undefined ? [] : [[runDir, 'this program’s own memory'] as const]),
  ...(mysql.enabled ? [['/var/lib/mysql', 'the data of MySQL, which follows by itself'] as const] : []),
  ...(database.mode === 'off'
    ? []
    : [['/var/lib/postgresql', 'the data of PostgreSQL, which follows by itself'] as const]),
  ...['/proc', '/sys', '/dev', '/run'].map((path) => [path, 'the kernel’s and the running system’s'] as const),
];

const directoryClashes = (sections: Sections, streams: Streams): readonly Clash[] => {
  const { files, collected, voicemail } = streams;
  const places = ownPlaces(sections, streams);
  const followed = [
    ...files.directories.map((path, index) => [path, ['streams', 'files', 'directories', index]] as const),
    ...collected.map((path, index) => [path, ['streams', 'collected', index]] as const),
    ...(voicemail.enabled ? [[voicemail.directory, ['streams', 'voicemail', 'directory']] as const] : []),
  ];
  return followed.flatMap(([path, where]): readonly Clash[] => {
    const met = places.find(([own]) => isWithin(own, plain(path)) || isWithin(plain(path), own));
    if (met === undefined) return [];
    const [own, what] = met;
    return [
      {
        path: where,
        message: `${path} would carry ${own} to the other node: ${what}`,
        remedy: 'name the directories of the telephone system, such as /etc/asterisk',
      },
    ];
  });
};

/** Databases of the servers themselves: accounts, settings, what they tell of themselves. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);

const mysqlClashes = ({ mysql }: Streams): readonly Clash[] => {
  if (!mysql.enabled) return [];
  const { databases, exclude } = mysql;
  const at = (key: string, index: number) => ['streams', 'mysql', key, index];
  return [
    ...databases.flatMap((name, index): readonly Clash[] => {
      if (SYSTEM_DATABASES.has(name.toLowerCase()))
        return [
          {
            path: at('databases', index),
            message: `${name} is the server's own: its accounts and settings are each node's`,
            remedy: 'name the databases of the telephone system, such as asterisk and asteriskcdrdb',
          },
        ];
      if (databases.indexOf(name) === index) return [];
      return [{ path: at('databases', index), message: `${name} is given twice`, remedy: 'give it once' }];
    }),
    ...exclude.flatMap((table, index): readonly Clash[] =>
      databases.includes(table.split('.')[0] ?? '')
        ? []
        : [
            {
              path: at('exclude', index),
              message: `${table} is of no database that follows (${databases.join(', ')})`,
              remedy: 'correct its name, or leave it out',
            },
          ],
    ),
  ];
};

/** What is kept must lie below what follows; else a slip of the pen carries one node's own to the other. */
const keepClashes = ({ collected, keepPaths }: Streams): readonly Clash[] =>
  keepPaths.flatMap((path, index): readonly Clash[] =>
    collected.some((directory) => plain(path) !== plain(directory) && isWithin(plain(path), plain(directory)))
      ? []
      : [
          {
            path: ['streams', 'keep-paths', index],
            message: `${path} does not lie below any directory of streams.collected`,
            remedy: 'write it as there, with the whole path, or take it out',
          },
        ],
  );

/** Contradictions between keys of `streams`, and with what is each node's own. */
export const streamClashes = (sections: Sections): readonly Clash[] =>
  sections.streams === undefined
    ? []
    : [
        ...directoryClashes(sections, sections.streams),
        ...keepClashes(sections.streams),
        ...mysqlClashes(sections.streams),
      ];

/** Whether a pattern of rsync leaves out what lies at `below`, as far as that can be told: an anchored path, or the name of a part. */
const leavesOut = (pattern: string, below: string): boolean => {
  const bare = pattern.replace(/\/(\*\*?)?$/, '');
  return bare.startsWith('/') ? isWithin(`/${below}`, bare) : below.split('/').includes(bare);
};

/** What is allowed and deserves a word. */
export const streamNotes = ({ streams: { files, voicemail, collected } }: Config): readonly string[] => {
  if (!files.enabled) return [];
  const own = [
    ...(voicemail.enabled ? [[voicemail.directory, 'streams.voicemail'] as const] : []),
    ...collected.map((path) => [path, 'streams.collected'] as const),
  ];
  return files.directories.flatMap((directory) =>
    own.flatMap(([path, stream]): readonly string[] => {
      if (!isWithin(plain(path), plain(directory))) return [];
      const below = plain(path).slice(plain(directory).length + 1);
      if (below !== '' && files.exclude.some((pattern) => leavesOut(pattern, below))) return [];
      return [
        `${path} follows twice, by ${stream} and with ${directory}: leave it out by streams.files.exclude${below === '' ? '' : ` (/${below})`}`,
      ];
    }),
  );
};
