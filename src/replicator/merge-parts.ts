/** What takes part in this main's merges, by its configuration. */
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { createConfigurationPart } from '../replication/merge/configuration-part.ts';
import { createEventsPart, EVENTS_DEFAULTS } from '../replication/merge/events.ts';
import type { MergePart } from '../replication/merge/part.ts';
import type { Connect } from '../replication/merge/session.ts';
import { createStatusPart } from '../replication/merge/status-part.ts';
import { connectDatabase, type DatabaseAccess } from '../replication/postgres/connection.ts';
import { databaseRules, localDatabase, peerDatabase, readSecret } from './access.ts';

const connectTo =
  (access: () => Result<DatabaseAccess>): Connect =>
  async (signal) => {
    const found = access();
    return found.ok ? connectDatabase(found.value, signal) : found;
  };

const databaseParts = (config: Config): readonly MergePart[] => {
  const { database } = config.streams;
  const rules = databaseRules(config);
  const withPassword = (access: (password: string) => Result<DatabaseAccess>) => () => {
    const password = readSecret(database.passwordFile);
    return password.ok ? access(password.value) : password;
  };
  const connectHere = connectTo(withPassword((password) => ok(localDatabase(config, password))));
  const connectThere = connectTo(withPassword((password) => peerDatabase(config, password)));
  const changes = { connectHere, connectThere, schema: database.schema, rules };
  return [
    createConfigurationPart(changes),
    createStatusPart(changes),
    createEventsPart({
      ...EVENTS_DEFAULTS,
      connectHere,
      connectThere,
      schema: database.schema,
      events: rules.events,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      now: () => Date.now(),
    }),
  ];
};

/** What cannot be merged yet keeps the standby from being overwritten: nothing may be lost. */
const unmergeable = (name: string, what: string): MergePart => {
  const refused = () =>
    Promise.resolve(
      fail(
        'merge-part-by-hand',
        `This version cannot merge ${what} yet; the standby is not overwritten.`,
        `Bring ${what} home by hand, then switch that stream off, or leave the standby as it is.`,
      ),
    );
  return {
    name,
    preview: refused,
    run: refused,
    undo: refused,
    settle: refused,
    forget: () => Promise.resolve(ok(null)),
  };
};

/** In the order in which they run. */
export const mergeParts = (config: Config): readonly MergePart[] => {
  const { database, voicemail, collected } = config.streams;
  return [
    ...(database.mode === 'off' ? [] : databaseParts(config)),
    ...(voicemail.enabled ? [unmergeable('voicemail', 'voicemail')] : []),
    ...(collected.length > 0 ? [unmergeable('collected', 'collected files')] : []),
  ];
};
