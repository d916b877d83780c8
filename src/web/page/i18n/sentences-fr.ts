/** Each rule of the core as a French sentence; the English ones are in src/core/sentences.ts. */

import { createFormat } from '../../../language/format.ts';
import type { JournalEntry } from '../../contract.ts';

type Reason = JournalEntry['reasons'][number];
type Facts = Reason['facts'];

const { span: spanOf } = createFormat('fr');
const s = (value: Facts[string] | undefined): string => (value === undefined || value === null ? '?' : String(value));
const span = (value: Facts[string] | undefined): string => spanOf(Number(value ?? 0));
const because = (value: Facts[string] | undefined): string =>
  value === undefined || value === '' ? '' : ` : ${s(value)}`;

const SENTENCE_BY_RULE: Readonly<Record<string, (f: Facts) => string>> = {
  alone: (f) => `l’autre nœud n’aurait pu prendre le relais pendant ${span(f['sinceMs'])} : ${s(f['why'])}`,
  ask: (f) =>
    `il a pris l’époque ${s(f['epoch'])} et demandé le droit de service${f['handed'] === 0 ? '' : `, en montrant que l’époque ${s(f['handed'])} lui avait été remise`}`,
  'ask-fence': (f) =>
    `il a demandé à l’appareil de l’autre nœud ${f['action'] === 'off' ? 'de le mettre hors tension' : 's’il est hors tension'} (${Number(f['rivalSilentMs']) >= 1e6 ? 'pas entendu' : `muet depuis ${span(f['rivalSilentMs'])}`}, époque ${s(f['epoch'])})`,
  'asked-to-hand-over': (f) => `l’autre nœud lui a demandé de passer la main (époque ${s(f['epoch'])})`,
  'checkpoints-count-again': () => 'les points de contrôle répondent et comptent de nouveau',
  'checkpoints-lost': () => 'plus aucun point de contrôle ne répond',
  'clock-jump': (f) =>
    `les horloges différaient de ${span(f['jumpMs'])}${f['paused'] === true ? ' ; la machine a pu rester figée' : ''}`,
  close: (f) => `il a fermé sa porte (${s(f['why'])}, époque ${s(f['epoch'])})`,
  command: (f) => `${s(f['by'])} a ordonné « ${s(f['command'])} »`,
  company: () => 'l’autre nœud pourrait de nouveau prendre le relais',
  'cut-off': (f) =>
    `son propre réseau est ${s(f['network'])} et l’autre nœud se tait depuis ${span(f['rivalSilentMs'])} : c’est lui qui est coupé`,
  doubt: (f) =>
    `une horloge a été réglée, ou la machine est restée figée : il a fermé sa porte et demandé si son époque ${s(f['epoch'])} tient toujours`,
  'doubt-over': (f) =>
    `son époque ${s(f['epoch'])} tient toujours, sur la parole de ${s(f['yes'])} : sa porte s’ouvre de nouveau`,
  drain: (f) =>
    `il va passer la main, parce que ${s(f['why'])}${f['whenIdle'] === true ? `, quand il n’y aura plus d’appel, au plus tard dans ${span(f['maxWaitMs'])}` : ''}`,
  fence: (f) =>
    `l’appareil de l’autre nœud, prié ${f['action'] === 'off' ? 'de le mettre hors tension' : 'de dire s’il est hors tension'} : ${s(f['outcome'])} (${s(f['detail'])})`,
  'fence-contradicted': (f) =>
    `le même agent de l’autre nœud a été entendu ${span(f['offMs'])} après que son appareil l’eut dit hors tension`,
  flapping: (f) =>
    `${s(f['switches'])} bascules dans la fenêtre (limite ${s(f['cap'])}) : les passages voulus attendent une personne`,
  'hand-over': (f) =>
    `il passe la main, parce que ${s(f['why'])} (${Number(f['calls']) < 0 ? 'appels inconnus' : `${s(f['calls'])} appels en cours`})`,
  'handed-over': (f) => `l’autre nœud a remis son droit (époque ${s(f['epoch'])})`,
  'lease-out': (f) => `son bail de l’époque ${s(f['epoch'])} a expiré sans majorité pour le renouveler`,
  'late-request': (f) =>
    `une demande de passer la main est venue ${span(f['ageMs'])} trop tard (valable ${span(f['validMs'])}) et n’a pas été suivie`,
  'leave-checkpoints-out': () => 'les deux nœuds sont convenus de se passer des points de contrôle perdus',
  'look-at-rival': (f) =>
    `regard sur le principal : ${s(f['bad'])} mauvais sur ${s(f['needed'])} nécessaires${f['agentSilent'] === true ? ', son agent se tait' : ''}`,
  'maintenance-over': () => 'la maintenance s’est terminée d’elle-même',
  'may-serve': (f) =>
    f['wanted'] === true
      ? 'une personne veut que ce nœud soit en service'
      : `rien n’empêchait de demander (autre nœud ${Number(f['rivalSilentMs']) >= 1e6 ? 'pas entendu' : `entendu il y a ${span(f['rivalSilentMs'])}`})`,
  'nobody-serves': (f) => `personne n’est connu en service depuis ${span(f['sinceMs'])} : ${s(f['why'])}`,
  orders: (f) =>
    `ordres ${s(f['revision'])} : mode ${f['mode'] === 'manual' ? 'manuel' : 'automatique'}${Number(f['maintenanceMs'] ?? 0) > 0 ? `, maintenance pendant ${span(f['maintenanceMs'])} (${s(f['reason'])})` : ''}`,
  'orders-overruled': (f) =>
    `le mode ${s(f['now'])} a été ordonné à l’autre nœud en même temps ; le mode ${s(f['given'])}, ordonné ici, ne tient pas`,
  'own-network': (f) => `son propre réseau est passé de ${s(f['from'])} à ${s(f['to'])}`,
  'plan-finished': (f) =>
    `le plan pour ${f['target'] === 'activate' ? 'activer' : 'rendre passif'} était fini après ${span(f['tookMs'])}, ${s(f['failed'])} étapes en échec`,
  'raise-epoch': (f) =>
    `il a continué sous l’époque ${s(f['to'])} au lieu de ${s(f['from'])}, car un votant en connaissait une plus récente`,
  'restart-in-place': (f) => `il redémarre la téléphonie sur place par ${s(f['step'])}, parce que ${s(f['reason'])}`,
  return: (f) =>
    f['ready'] === true
      ? 'ce qui restait ici est ramené : le service peut revenir'
      : `le service ne revient pas encore de lui-même : ${s(f['why'])}`,
  'renew-for-restart': (f) =>
    `son agent va s’arrêter : il a demandé ${span(f['ms'])} sous l’époque ${s(f['epoch'])}, pour que le suivant trouve la porte ouverte`,
  resumed: (f) => `un agent précédent de ce démarrage tenait l’époque ${s(f['epoch'])}, et il l’a reprise`,
  'rival-claims-newer-epoch': (f) =>
    `l’autre nœud revendique l’époque plus récente ${s(f['epoch'])} : celui-ci s’arrête tout de suite`,
  'rival-not-fit': (f) =>
    `il voulait passer la main (${s(f['why'])}), mais l’autre nœud n’est pas en état, donc il reste en service`,
  started: (f) =>
    `l’agent a démarré${f['freshBoot'] === true ? ' après un démarrage de la machine' : ''} ; les époques jusqu’à ${s(f['ceiling'])} ont pu servir`,
  step: (f) =>
    `étape ${s(f['step'])}${f['direction'] === undefined ? '' : ` (${s(f['direction'])})`} : ${s(f['outcome'])}${f['detail'] === '' ? '' : `, ${s(f['detail'])}`}`,
  unfit: (f) => `la téléphonie ici n’est pas en état (${s(f['reason'])}) et l’autre nœud l’est`,
  verdict: (f) =>
    `la téléphonie ici est passée de ${s(f['from'])} à ${s(f['to'])}${because(f['reason'])}${f['crashed'] === true ? ' (disparue, à coup sûr)' : ''}`,
  withdraw: (f) =>
    `sa demande pour l’époque ${s(f['epoch'])} n’a pas gagné à temps (oui : ${f['yes'] === '' ? 'personne' : s(f['yes'])}) et a été retirée`,
  won: (f) =>
    f['confirmed'] === true
      ? `il a pris l’époque ${s(f['epoch'])} sur la parole d’une personne que l’autre nœud n’est pas en service`
      : `il a gagné l’époque ${s(f['epoch'])} avec ${f['own'] === true ? 'son propre vote et ' : ''}${f['yes'] === '' ? 'personne d’autre' : s(f['yes'])}${f['needed'] === 0 ? ' ; aucun vote n’est nécessaire' : ` (majorité : ${s(f['needed'])})`}`,
};

/** What one reason says; null for a rule without a French sentence. */
export const sentenceFr = ({ rule, facts }: Reason): string | null => SENTENCE_BY_RULE[rule]?.(facts) ?? null;

/** Rules that have one; a test holds them against the core's. */
export const rulesInFrench = (): readonly string[] => Object.keys(SENTENCE_BY_RULE);
