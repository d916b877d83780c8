import { type Content, fill, rows } from '../content.ts';
import { eventRows } from './events.ts';
import { tenantColumn } from './people.ts';

const AWAY = 2_000_000;

/** Left on a standby that served: calls, a mailbox and a user made there, a status changed there, a login, a session. */
export const standbyRows = (content: Content): readonly string[] => [
  ...eventRows(content, { from: AWAY, count: 80 }),
  rows('voicemail', 'context, mailbox, fullname', "'default', '99001', 'made on the standby'"),
  fill('func_key_template', 1, { private: 'true', ...tenantColumn(content) }),
  fill('userfeatures', 1, {
    uuid: "pg_temp.uuid_of('standby-user', i)::text",
    firstname: "'Made'",
    lastname: "'on the standby'",
    func_key_private_template_id: '(SELECT max(id) FROM func_key_template)',
    ...tenantColumn(content),
  }),
  "UPDATE userfeatures SET enablednd = 1 - enablednd, destrna = '0611' WHERE id IN (1, 2)",
  fill('session', 1, { sessid: "md5('only here')", start: '1', expire: '2', identifier: "'somebody'", data: "''" }),
  fill('stat_agent', 1, { name: "'Agent/standby'" }),
];
