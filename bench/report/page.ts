import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentLine } from '../agent/agent.ts';
import type { PartLine } from '../agent/parts.ts';
import type { DecideLine } from '../decide/decide.ts';
import type { EtcdLine } from '../etcd/etcd.ts';
import type { LabLine } from '../lab-rows/lab-rows.ts';
import type { RemsysLine } from '../remsys/remsys.ts';
import type { ReplicationLine } from '../replication/replication.ts';
import { readResults } from '../results.ts';
import type { RivalsLine } from '../rivals/rivals.ts';
import type { ScaleLine } from '../scale/scale.ts';
import type { SoakLine } from '../soak/soak.ts';
import type { SteadyLine } from '../steady/steady.ts';
import type { ViewerLine } from '../viewers/viewers.ts';
import type { YearsLine } from '../years/years.ts';
import { agentSection } from './agent.ts';
import { partsSection } from './agent-parts.ts';
import { coreSection, steadySection } from './core.ts';
import { etcdSection } from './etcd.ts';
import { labRowsSection } from './lab-rows.ts';
import { remsysSection } from './remsys.ts';
import { replicationSection } from './replication.ts';
import { rivalsPicture, rivalsSection } from './rivals.ts';
import { scalePicture, scaleSection } from './scale.ts';
import { soakSection } from './soak.ts';
import { viewersSection } from './viewers.ts';
import { yearsSection } from './years.ts';

/** Where results are committed, and the page that is made of them. */
export const resultsFolder = join(import.meta.dirname, '..', 'results');
export const pagePath = join(import.meta.dirname, '..', '..', 'docs', 'measurements.md');

const introduction = `# Measurements

Made by \`npm run bench -- report\` from the files in \`bench/results\`; a test compares, so no number here was typed by hand. Percentiles
are nearest-rank: of 100 runs, p99 is the second worst. Runs that went wrong are kept and counted. "Others" is what programs
besides the measured ones used of the machine; from 20 % on in the median run, a result says "measured under load". The series of the lab
need root on Debian; a series that is stopped goes on where it was.
`;

/** The whole page, from the results files in a folder. Throws where a results file is broken. */
export const renderPage = async (folder = resultsFolder): Promise<string> => {
  const file = (name: string): string => join(folder, `${name}.jsonl`);
  const [labRows, rivals, replication, agent, parts, viewers, decide, steady, years, scale, soak, remsys, etcd] =
    await Promise.all([
      readResults<LabLine>(file('lab-rows')),
      readResults<RivalsLine>(file('rivals')),
      readResults<ReplicationLine>(file('replication')),
      readResults<AgentLine>(file('agent')),
      readResults<PartLine>(file('agent-parts')),
      readResults<ViewerLine>(file('viewers')),
      readResults<DecideLine>(file('decide')),
      readResults<SteadyLine>(file('steady')),
      readResults<YearsLine>(file('years')),
      readResults<ScaleLine>(file('scale')),
      readResults<SoakLine>(file('soak')),
      readResults<RemsysLine>(file('remsys')),
      readResults<EtcdLine>(file('etcd')),
    ]);
  const sections = [
    introduction,
    labRowsSection(labRows),
    rivalsSection(rivals),
    yearsSection(years, rivals),
    scaleSection(scale),
    soakSection(soak),
    remsysSection(remsys),
    replicationSection(replication),
    agentSection(agent),
    partsSection(parts),
    viewersSection(viewers),
    etcdSection(etcd),
    coreSection(decide),
    steadySection(steady),
  ];
  return `${sections.map((section) => section.trimEnd()).join('\n\n')}\n`;
};

/** The page's pictures by file name, which are beside it in `images`. Throws where a results file is broken. */
export const renderPictures = async (folder = resultsFolder): Promise<ReadonlyMap<string, string>> => {
  const rivals = await readResults<RivalsLine>(join(folder, 'rivals.jsonl'));
  const scale = await readResults<ScaleLine>(join(folder, 'scale.jsonl'));
  return new Map([
    ...(rivals.length === 0 ? [] : ([['rivals.svg', rivalsPicture(rivals)]] as const)),
    ...(scale.length === 0 ? [] : ([['scale.svg', scalePicture(scale)]] as const)),
  ]);
};

/** Where the pictures of a page are. */
export const picturePath = (page: string, name: string): string => join(dirname(page), 'images', name);

/** The page as it is committed; empty where there is none. */
export const committedPage = async (): Promise<string> => await readFile(pagePath, 'utf8').catch(() => '');
