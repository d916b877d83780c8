/** What is replicated in the lab: the `streams` of a node's file, by the kind of pair that a scenario wants. */
import { xivoStreams } from '../../src/profiles/xivo/streams.ts';

/** `none`: AstDB alone. `snapshot`: the database whole at times, files and voicemail on each change. `strict`: the same through SSH only. */
export type DataSetup = 'none' | 'snapshot' | 'strict';

/** Directories of the lab's nodes that follow. */
export const followedDirectories = ['/var/lib/asterisk/moh', '/etc/asterisk/extensions_extra.d'] as const;

/** The section of the configuration, or nothing. */
export const streamsSection = (data: DataSetup): Readonly<Record<string, unknown>> =>
  data === 'none'
    ? {}
    : {
        streams: {
          ...(data === 'strict' ? { link: 'ssh' } : {}),
          database: {
            ...xivoStreams.database,
            mode: 'snapshot',
            via: data === 'strict' ? 'ssh' : 'tls',
          },
          files: { enabled: true, directories: followedDirectories },
        },
      };
