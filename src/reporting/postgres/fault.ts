/** A fault of the reporting database with the next step there; those of `connectDatabase` speak of the pair's own databases. */
import { type Fault, fail } from '../../core/result.ts';

const remedyOf = (code: string): string => {
  switch (code) {
    case 'database-login-refused':
    case 'database-missing':
    case 'database-tls':
      return 'Compare `reporting.postgres` with it, its password file, and its pg_hba.conf; events wait on this node.';
    case 'database-not-allowed':
      return 'Give the output of `dualtone reporting sql` to its administrator; events wait on this node.';
    default:
      return 'See its log and the network; events wait on this node, and go on by themselves.';
  }
};

/** Faults of reporting itself stay as they are. */
export const targetFault = (fault: Fault): { readonly ok: false; readonly error: Fault } =>
  fault.code.startsWith('database-')
    ? fail('reporting-target-failed', fault.message, remedyOf(fault.code))
    : { ok: false, error: fault };
