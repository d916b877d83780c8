// The entrance from a fresh clone. Runs on the system's Node (20 or later), installs what is missing, builds the page, then goes on with
// the project's own Node 24: `npm run demo`, `npm test`, `npm run test:lab`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = join(root, 'node_modules/node/bin/node');
const stamp = join(root, 'node_modules/.dualtone-installed');

const run = (program, args, options = {}) => {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  return result.status ?? 1;
};

/** `npm ci` when the lock file is newer than what is installed, or nothing is. */
const installPackages = () => {
  const lock = join(root, 'package-lock.json');
  const fresh = existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs && existsSync(node);
  if (fresh) return 0;
  console.log('Installing the packages of package-lock.json (npm ci) ...');
  const status = run('npm', ['ci', '--no-progress', '--loglevel=error']);
  if (status === 0) writeFileSync(stamp, readFileSync(lock));
  return status;
};

const programs = {
  demo: ['bin/dualtone.ts', 'lab', 'demo'],
  test: ['scripts/test.ts'],
  'test:lab': ['scripts/test.ts', '--lab'],
};

const [name, ...rest] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) {
  console.error(`usage: node scripts/start.mjs ${Object.keys(programs).join('|')} [options]`);
  process.exit(2);
}
/** The web page, as the agent serves it: a tenth of a second. */
const buildPage = () => run(node, ['scripts/build-page.mjs']);

const status = installPackages() || buildPage();
process.exit(status === 0 ? run(node, [...program, ...rest]) : status);
