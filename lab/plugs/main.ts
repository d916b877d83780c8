/** `node lab/plugs/main.ts RUN`: the pages of a lab that is up, with plugs, until Ctrl-C. As root. */
import { once } from 'node:events';
import { openLab } from '../lab.ts';
import { openPlugs, pagesText } from './open.ts';

const lab = await openLab(process.argv[2] ?? '');
const opened = lab.ok ? await openPlugs(lab.value) : lab;
if (opened.ok) {
  process.stdout.write(`${pagesText(opened.value)}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await opened.value.close();
} else {
  process.stderr.write(`${opened.error.message}\n    ${opened.error.remedy}\n`);
  process.exitCode = 1;
}
