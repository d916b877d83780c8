/** Installs, as root on Debian, the programs that the lab and the system tests use. */
import { ensureRequirements } from '../lab/requirements.ts';

const outcome = await ensureRequirements();
if (!outcome.ok) {
  process.stderr.write(`${outcome.error.message}\n${outcome.error.remedy}\n`);
  process.exitCode = 1;
}
