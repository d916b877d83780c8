import { type Config, neededReports, nrpeCheckpoints } from '../config.ts';
import { printDuration } from '../schema/scalars.ts';
import type { Clash } from './clash.ts';

type Sections = Partial<Config>;
type Checkpoints = Extract<Config['arbiter'], { readonly kind: 'checkpoints' }>;

const kindClashes = ({ checkpoints }: Checkpoints): readonly Clash[] =>
  checkpoints.flatMap(({ kind, name, nrpe }, index): readonly Clash[] => {
    if ((kind === 'nrpe') === (nrpe !== null)) return [];
    const path = ['arbiter', 'checkpoints', index, nrpe === null ? 'kind' : 'nrpe'];
    return nrpe === null
      ? [{ path, message: `nothing says what ${name} is asked`, remedy: 'give `nrpe: { command: check_main }`' }]
      : [{ path, message: `${name} is not asked by NRPE`, remedy: 'set its kind to nrpe, or leave `nrpe` out' }];
  });

const tlsClashes = ({ checkpoints }: Checkpoints): readonly Clash[] =>
  checkpoints.flatMap(({ nrpe }, index): readonly Clash[] => {
    if (nrpe?.tls.kind !== 'certificate' || (nrpe.tls.certificateFile === null) === (nrpe.tls.keyFile === null))
      return [];
    return [
      {
        path: ['arbiter', 'checkpoints', index, 'nrpe', 'tls'],
        message: 'a certificate without its key, or a key without its certificate',
        remedy: 'give both files, or neither',
      },
    ];
  });

const watchClashes = (watch: Config['watch'], asked: ReturnType<typeof nrpeCheckpoints>): readonly Clash[] => {
  if (watch.kind === 'lease')
    return [
      {
        path: ['arbiter', 'checkpoints'],
        message: 'NRPE checkpoints are asked by looks, and the main is watched by its lease',
        remedy: 'set `preset: remsys` or `watch: { kind: looks, bad-looks: 5 }`, or use checkpoints that vote',
      },
    ];
  const clashes: Clash[] = [];
  if (watch.badLooks < 4)
    clashes.push({
      path: ['watch', 'bad-looks'],
      message: 'the main stops two looks before the standby takes over, and must have had more than one',
      remedy: 'give at least 4',
    });
  // Command and control, one after the other.
  const spans = asked.map(({ nrpe }) => nrpe.timeoutMs * (nrpe.control === null ? 1 : 2));
  const longest = Math.max(...spans);
  if (longest >= watch.everyMs)
    clashes.push({
      path: ['arbiter', 'checkpoints', spans.indexOf(longest), 'nrpe', 'timeout'],
      message: `an answer may take ${printDuration(longest)}, a look is due each ${printDuration(watch.everyMs)}`,
      remedy: 'look less often, or give `nrpe.timeout` less',
    });
  return clashes;
};

/** Contradictions about checkpoints that are asked by NRPE. */
export const nrpeClashes = ({ arbiter, watch }: Sections): readonly Clash[] => {
  if (arbiter?.kind !== 'checkpoints') return [];
  const asked = nrpeCheckpoints({ arbiter });
  const clashes = [...kindClashes(arbiter), ...tlsClashes(arbiter)];
  if (typeof arbiter.need === 'number' && arbiter.need > asked.length)
    clashes.push({
      path: ['arbiter', 'need'],
      message: `${arbiter.need} of ${asked.length} NRPE checkpoints can never agree`,
      remedy: 'give a number up to theirs, `all` or `majority`',
    });
  if (asked.length === 0) return clashes;
  if (arbiter.checkpoints.some(({ kind }) => kind === 'voter'))
    clashes.push({
      path: ['arbiter', 'checkpoints'],
      message: 'some checkpoints vote, and what NRPE says would count for nothing beside that',
      remedy: 'keep those that vote, or those that are asked by NRPE',
    });
  return watch === undefined ? clashes : [...clashes, ...watchClashes(watch, asked)];
};

/** What is allowed and deserves a word. */
export const nrpeNotes = (config: Config): readonly string[] => {
  const need = neededReports(config);
  if (need === null) return [];
  const { length } = nrpeCheckpoints(config);
  const notes = [
    'NRPE checkpoints cannot promise: a main that nobody reaches stops by its own count, and the pair is protected by that alone',
  ];
  if (need * 2 <= length)
    notes.push(`arbiter.need ${need} of ${length} is no majority: as many that are mistaken move service`);
  return notes;
};
