/** The schema of a telephone system's database: what a production server of that era has, in our own words. */
import type { Era, TableList } from './notation.ts';
import { enumStatements } from './tables/enums.ts';
import { foreignKeyStatements } from './tables/foreign-keys.ts';
import { keyTables } from './tables/keys.ts';
import { peopleTables } from './tables/people.ts';
import { queueTables } from './tables/queues.ts';
import { systemTables, xivoTables } from './tables/system.ts';
import { wazoTables } from './tables/wazo.ts';

/** All tables of that era with their bodies. */
export const tablesOf = (era: Era): TableList => [
  ...peopleTables(era),
  ...queueTables(era),
  ...keyTables(era),
  ...systemTables(era),
  ...(era === 'xivo' ? xivoTables : wazoTables),
];

const indexes: Readonly<Record<Era, readonly string[]>> = {
  xivo: [
    'cel(linkedid)',
    'cel(eventtime)',
    'queue_log(time)',
    'queue_log(callid)',
    'call_log(date)',
    'linefeatures(number)',
  ],
  wazo: ['cel(linkedid)', 'cel(eventtime)', 'queue_log(time)', 'queue_log(callid)', 'call_logd_call_log(date)']
    .concat(['call_logd_call_log_participant(call_log_id)', 'call_logd_call_log_participant(user_uuid)'])
    .concat(['endpoint_sip_section(endpoint_sip_uuid)', 'endpoint_sip_section_option(endpoint_sip_section_uuid)']),
};

/** Types and tables, without what holds rows together. */
export const schemaStatements = (era: Era): readonly string[] => [
  ...enumStatements(era),
  ...tablesOf(era).map(([name, body]) => `CREATE TABLE "${name}" (${body.replaceAll(/\s+/g, ' ')})`),
];

/** What a server does by itself when rows are written: a copy of a login must keep its own time. */
const automatic = [
  `CREATE FUNCTION note_login() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.login_at := now() AT TIME ZONE 'UTC'; RETURN NEW; END $$`,
  'CREATE TRIGGER agent_login_noted BEFORE INSERT ON agent_login_status FOR EACH ROW EXECUTE FUNCTION note_login()',
];

/** Indexes, foreign keys and a trigger; they come after the rows. */
export const constraintStatements = (era: Era): readonly string[] => [
  ...indexes[era].map((place) => `CREATE INDEX ON ${place}`),
  ...foreignKeyStatements(era),
  ...automatic,
];
