/** Checks of checkpoints that are asked by NRPE: each is asked for real, from here. */
import { neededReports, nrpeCheckpoints } from '../../config/config.ts';
import { fail, type Result } from '../../core/result.ts';
import type { CheckpointWord, NrpeCheckpoint } from '../../nrpe/checkpoint.ts';
import { checkpointOf } from '../../nrpe/configured.ts';
import { type Definition, failed, notApplicable, PACE, passed } from '../check.ts';

/** A control that never succeeds would make every word against the main worth nothing, and nobody would notice while the main is well. */
const wordOf = async (checkpoint: NrpeCheckpoint, signal: AbortSignal): Promise<Result<CheckpointWord>> => {
  const word = await checkpoint.ask(signal);
  if (!word.ok || !word.value.reaches) return word;
  const control = await checkpoint.tryControl(signal);
  if (control === null || (control.ok && control.value.reaches)) return word;
  const said = control.ok ? control.value.text : control.error.message;
  return fail(
    'nrpe-control-fails',
    `The control of ${checkpoint.name} fails while the main is reached, so that what it says against the main would not count: ${said.replace(/\.$/, '')}.`,
    'Run the control there by hand, as the user of nrpe, and ask something that it does reach.',
  );
};

const checkpointsTell: Definition = {
  id: 'nrpe-checkpoints-tell',
  about: 'Every NRPE checkpoint tells this node whether it reaches the main, so that a takeover can come about.',
  severity: 'critical',
  scope: 'node',
  ...PACE.usual,
  // The command and the control of each, one after the other.
  timeoutMs: 60_000,
  remedy: 'Add both nodes to `allowed_hosts` there, define the command in nrpe.cfg, and see its TLS; see docs/nrpe.md.',
  try: async ({ config }, signal) => {
    const asked = nrpeCheckpoints(config);
    const need = neededReports(config);
    if (need === null) return notApplicable('no checkpoint is asked by NRPE');
    const words = await Promise.all(
      asked.map(async (each) => ({ name: each.name, word: await wordOf(checkpointOf(each), signal) })),
    );
    const troubles = words.flatMap(({ word }) => (word.ok ? [] : [word.error.message]));
    const heard = words.length - troubles.length;
    const outlook = heard < need ? `${heard} tell, ${need} are needed: nothing would be taken over.` : '';
    if (troubles.length > 0) return failed([outlook, ...troubles].filter(Boolean).join(' '));
    return passed(
      words
        .map(({ name, word }) => `${name} ${word.ok && word.value.reaches ? 'reaches' : 'does not reach'} it`)
        .join(', '),
    );
  },
};

export const nrpeChecks: readonly Definition[] = [checkpointsTell];
