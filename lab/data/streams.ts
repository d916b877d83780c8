/** What is replicated in the lab: the `streams` of a node's file, by the kind of pair that a scenario wants. */
import { xivoStreams } from '../../src/profiles/xivo/streams.ts';

/**
 * `none`: AstDB alone. `snapshot`: the database whole at times, files and voicemail on each change. `continuous`: the database change by
 * change. `strict…`: the same through a firewall that lets the main reach 22 and 5432 of the standby, and nothing else but ICMP and the
 * agents' datagrams.
 */
export type DataSetup = 'none' | 'snapshot' | 'continuous' | 'strict' | 'strict-continuous';

export const isStrict = (data: DataSetup): boolean => data.startsWith('strict');

/** Directories of the lab's nodes that follow. */
export const followedDirectories = ['/var/lib/asterisk/moh', '/etc/asterisk/extensions_extra.d'] as const;

/** What each node collects while it serves, besides voicemail. */
export const collectedDirectories = ['/var/spool/asterisk/monitor'] as const;
export const voicemailSpool = '/var/spool/asterisk/voicemail';

/** The section of the configuration, or nothing. */
export const streamsSection = (
  data: DataSetup,
  moreDirectories: readonly string[] = [],
): Readonly<Record<string, unknown>> =>
  data === 'none'
    ? {}
    : {
        streams: {
          ...(isStrict(data) ? { link: 'ssh' } : {}),
          astdb: { ari: {} },
          database: {
            ...xivoStreams.database,
            mode: data.endsWith('continuous') ? 'continuous' : 'snapshot',
            via: isStrict(data) ? 'ssh' : 'tls',
          },
          files: { enabled: true, directories: [...followedDirectories, ...moreDirectories] },
          voicemail: { enabled: true, directory: voicemailSpool },
          collected: collectedDirectories,
        },
      };
