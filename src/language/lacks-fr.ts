/** What keeps a node from serving, in French, by the rules of docs/rules.md (obstacles and lacks); the core has the English sentences, with figures. */
const LACK_BY_RULE: Readonly<Record<string, string>> = {
  'manual-mode': 'mode manuel : seule une personne met en service',
  maintenance: 'maintenance : rien ne passe de soi-même',
  'left-manual':
    'le mode manuel est terminé, et l’autre nœud, qui est peut-être encore en service à la main, n’a pas dit qu’il le sait',
  'rival-serves': 'l’autre nœud revendique le service',
  listening: 'il vient de démarrer et écoute d’abord',
  'own-network': 'ce nœud est lui-même coupé du réseau',
  unconfirmed: 'l’autre nœud s’est tu, et personne n’a confirmé qu’il n’est pas en service',
  'lone-wait': 'il vient de démarrer ou de retrouver le réseau, et attend d’abord d’entendre l’autre nœud',
  looks: 'trop peu de mauvais regards sur le principal',
  unfit: 'la téléphonie de ce nœud n’est pas en état',
  'standby-may-serve': 'le secours est peut-être en service depuis que ce nœud s’est arrêté, et n’a pas été entendu',
  'head-start': 'le principal est en état et passe en premier',
  'proof-of-power': 'l’autre nœud se tait, et aucun appareil n’a prouvé qu’il est hors tension',
  retry: 'une courte attente après le dernier essai',
  'rival-silent': 'l’autre nœud se tait',
  'rival-unfit': 'l’autre nœud dit que sa téléphonie n’est pas en état',
  votes: 'trop peu de points de contrôle répondent pour une majorité',
};

/** Null for a rule that has no French sentence. */
export const lackFr = (rule: string): string | null => LACK_BY_RULE[rule] ?? null;

/** Rules that have one; a test holds them against docs/rules.md. */
export const lacksInFrench = (): readonly string[] => Object.keys(LACK_BY_RULE);
