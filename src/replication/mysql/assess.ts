/** What stands in the way of a link, from what its server says of it. */
import { type Fault, fail } from '../../core/result.ts';
import type { LinkStatus } from './dialect.ts';

type Failed = ReturnType<typeof fail>;

const sentence = (text: string): string =>
  text
    .trim()
    .replace(/[.\s]+$/u, '')
    .slice(0, 600);

const SHOW = '`dualtone mysql compare` shows the rows in which both nodes differ';

const diverged = (said: string): Failed =>
  fail(
    'mysql-diverged',
    `Each of both databases has changes that the other lacks: ${sentence(said)}.`,
    `Nothing was overwritten. ${SHOW}; then \`dualtone mysql join\` on the passive node lets the changes of both flow.`,
  );

const byReceiving = (errno: number, said: string): Failed => {
  if (/purged/i.test(said))
    return fail(
      'mysql-logs-purged',
      `The other node no longer has the log of changes from where this one stands: ${sentence(said)}.`,
      'Copy the databases anew as docs/replication.md says, and keep the logs longer (binlog_expire_logs_seconds).',
    );
  if (/not in the master's binlog|more GTIDs than the|requested to start from GTID/i.test(said)) return diverged(said);
  if (/equal (MySQL|MariaDB)? ?server (ids|UUIDs)/i.test(said) || errno === 1593)
    return fail(
      'mysql-same-server',
      `Both servers say that they are the same: ${sentence(said)}.`,
      'Run `dualtone mysql setup` on both nodes; of a copied MySQL remove auto.cnf in its data directory.',
    );
  if (errno === 1045 || errno === 1130 || errno === 1698)
    return fail(
      'mysql-source-login',
      `The other node's server refused the login for replication: ${sentence(said)}.`,
      'Compare `streams.mysql.password-file` on both nodes, and run `dualtone mysql setup` on the other one.',
    );
  if (errno === 2026 || /\bSSL\b|certificate/i.test(said))
    return fail(
      'mysql-source-tls',
      `The encrypted way to the other node's server failed: ${sentence(said)}.`,
      'Compare the clocks of both nodes and `dualtone mysql status` on the other one; its certificate is pinned anew when both agents are connected.',
    );
  return fail(
    'mysql-source-unreachable',
    `The other node's server is not reached: ${sentence(said)}.`,
    'Check that it runs and listens, and that the firewall lets 3306 (or SSH) through; it is tried again each second.',
  );
};

const byApplying = (errno: number, said: string): Failed => {
  switch (errno) {
    case 1062:
      return fail(
        'mysql-duplicate',
        `A row that came is there already, and is another: ${sentence(said)}.`,
        `Nothing was overwritten, and nothing comes in until it is solved. ${SHOW}; correct the row here, then run \`dualtone mysql resume\`.`,
      );
    case 1032:
    case 1451:
    case 1452:
      return fail(
        'mysql-row-missing',
        `A row that is to be changed is not there: ${sentence(said)}.`,
        `Nothing comes in until it is solved. ${SHOW}; put the row back here, then run \`dualtone mysql resume\`.`,
      );
    case 1050:
    case 1051:
    case 1054:
    case 1060:
    case 1146:
    case 1677:
      return fail(
        'mysql-tables-differ',
        `A table is made differently on both nodes: ${sentence(said)}.`,
        'Bring both to the same version of the telephone system, then run `dualtone mysql resume`.',
      );
    case 1950:
      return diverged(said);
    case 1021:
    case 1114:
    case 1534:
      return fail('mysql-disk-full', `The disk is full: ${sentence(said)}.`, 'Make space there; it goes on by itself.');
    default:
      return fail(
        'mysql-not-applied',
        `A change of the other node could not be made here: ${sentence(said)}.`,
        `See the log of the server. ${SHOW}; \`dualtone mysql resume\` tries again.`,
      );
  }
};

/** Null: it follows, or is about to. */
export const linkFault = ({ receiving, applying }: LinkStatus): Fault | null => {
  if (applying.errno !== 0) return byApplying(applying.errno, applying.error).error;
  if (receiving.errno === 0 || receiving.state === 'running') return null;
  return byReceiving(receiving.errno, receiving.error).error;
};
