/** A checkpoint that stays lost (lease.md): with `likely` both nodes agree, step by step, to do without it until it answers again. */
import { because, type Draft, notify, ownStatus, setDisk } from './draft.ts';
import { rivalIsSilent } from './lease.ts';

const anyVoterAnswers = (d: Draft): boolean =>
  d.s.voters.some((v) => d.now - v.answeredAt < 2.5 * d.settings.timing.heartbeatMs);

/** It has said for a promise that checkpoints answer it: a rival that stood still before that word is silent by now, and one that hears follows it. */
const saidSo = (d: Draft): boolean => d.now - d.s.votersBackAt >= d.settings.timing.promiseMs;

const loosen = (d: Draft): void => {
  const rival = d.s.rival.status;
  // Who stood still reads words that are old, and takes them for new.
  if (d.now - d.s.awakeSince < d.settings.timing.promiseMs) return;
  if (rival === null || rivalIsSilent(d) || !ownStatus(d).wantsLoose || !rival.wantsLoose) return;
  // The passive node first: the active one still needs a vote, so no moment has two without one.
  const passive = d.s.phase.name === 'passive';
  if (passive ? rival.holding === 0 : !rival.loose) return;
  setDisk(d, { loose: true });
  because(d, 'leave-checkpoints-out', { passive });
  notify(
    d,
    'alarm',
    'checkpoints-left-out',
    `${d.settings.arbiter.kind === 'etcd' ? 'etcd stays lost; by agreement the pair does without it' : 'The checkpoints stay lost; by agreement the pair does without them'} and is protected against two active nodes only likely.`,
  );
};

const tighten = (d: Draft): void => {
  const rival = d.s.rival.status;
  if (rival === null || rivalIsSilent(d)) return;
  // The passive node first, while the active one renews with every voter again; then the active one.
  const passive = d.s.phase.name === 'passive';
  if (passive ? rival.holding === 0 : rival.loose) return;
  setDisk(d, { loose: false });
  because(d, 'checkpoints-count-again', { passive });
};

export const tendLoose = (d: Draft): void => {
  const { arbiter } = d.settings;
  if (arbiter.kind === 'none' || d.s.voters.length === 0) return;
  const answers = anyVoterAnswers(d);
  if (answers && d.s.votersLostSince >= 0) {
    d.s.votersLostSince = -1;
    d.s.votersBackAt = d.now;
  } else if (!answers && d.s.votersLostSince < 0) {
    d.s.votersLostSince = d.now;
    because(d, 'checkpoints-lost', { voters: d.s.voters.length });
    notify(
      d,
      'warning',
      'checkpoints-lost',
      arbiter.kind === 'etcd' ? 'etcd does not answer this node.' : 'No checkpoint answers this node.',
    );
  }
  if (arbiter.whenLost === 'wait') return;
  if (!d.s.disk.loose) loosen(d);
  else if (answers && saidSo(d) && d.s.voters.every((v) => v.lastWhy !== 'never answered')) tighten(d);
};
