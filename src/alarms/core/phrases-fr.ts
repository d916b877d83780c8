/** Every word that alarms say, in French. What the agent says in its own words (a probe’s reason, a program’s error) stays as it is. */
import type { Phrases } from './phrases-en.ts';

export const phrasesFr: Phrases = {
  'role.main': 'principal',
  'role.standby': 'secours',
  'name.checkpoint': 'point de contrôle {name}',
  'name.unknown': 'cette machine',

  'both-serve.title': '{self} et {peer} sont en service TOUS LES DEUX',
  'both-serve.detail':
    'Les deux nœuds revendiquent le droit de service ; les téléphones sont peut-être répartis entre eux.',
  'both-serve.next':
    'L’un d’eux devrait céder en une seconde. Si cela dure, arrêtez la téléphonie de l’un d’eux à la main, et voyez `dualtone explain` sur les deux.',
  'nobody-serves.title': 'AUCUN nœud n’est en service, à ce qu’on sait',
  'nobody-serves.detail': 'À la connaissance de {self}, aucun nœud n’est en service : {ready}.',
  'nobody-serves.next':
    'Les téléphones sont muets, à moins que {peer} ne soit en service sans être entendu. Lancez `dualtone explain` sur {self} : il dit quel vote ou quel service manque.',
  'telephony-down.title': 'la téléphonie de {self} est EN PANNE',
  'telephony-down.detail': '{said}',
  'telephony-down.next':
    '`dualtone status` sur {self} nomme la sonde qui échoue ; `systemctl status asterisk`. Le service passe de lui-même si {peer} est en état.',
  'telephony-down-passive.title': 'la téléphonie de {self} est EN PANNE',
  'telephony-down-passive.detail': '{said}',
  'telephony-down-passive.next':
    'Les appels continuent sur {peer}. Remettez Asterisk de {self} en marche avant que {peer} ne tombe : `dualtone status` y nomme la sonde qui échoue.',
  'other-unheard.title': '{self} n’entend plus {peer} directement',
  'other-unheard.detail': '{peer} ({peerRole}) {last}, mais un point de contrôle l’entend.',
  'other-unheard.next':
    'Le réseau entre les deux nœuds est rompu dans un sens ou dans les deux : voyez câbles, commutateur et pare-feu entre eux (port UDP de `listen`).',
  'other-silent.title': 'l’agent de {peer} ({peerRole}) se tait',
  'other-silent.detail': '{peer} {last}.',
  'other-silent.next':
    'Voyez si {peer} a courant et réseau, puis `systemctl status dualtone` sur ce nœud. `dualtone explain` sur {self} dit s’il peut prendre le relais.',
  'other-silent-serving.title': '{peer} ({peerRole}) se tait, personne ne pourrait relayer {self}',
  'other-silent-serving.detail': '{peer} {last}.',
  'other-silent-serving.next':
    'Voyez si {peer} a courant et réseau, puis `systemctl status dualtone` sur ce nœud. {self} reste en service entre-temps.',
  'heard.never': 'n’a pas été entendu depuis le démarrage de {self}',
  'heard.last': 'a été entendu pour la dernière fois il y a {span}',
  'alone.title': '{peer} ({peerRole}) ne pourrait PAS relayer {self} maintenant',
  'alone.detail': '{said}',
  'alone.next':
    'Rien n’est encore perdu : {self} est en service. Lancez `dualtone status` sur {peer} et réparez ce qu’il dit.',
  'alone.unknown': 'Il n’est pas prêt',
  'checkpoint-silent.title': 'le point de contrôle {object} ne répond pas à {self}',
  'checkpoint-silent.detail': 'Les autres points de contrôle répondent ; la paire continue.',
  'checkpoint-silent.next':
    'Voyez si {object} a courant et réseau, puis `systemctl status dualtone-checkpoint` sur cette machine.',
  'checkpoint-silent-all.title': 'le point de contrôle {object} ne répond pas à {self}',
  'checkpoint-silent-all.detail':
    'Aucun point de contrôle ne répond : un relais pourrait ne pas trouver les votes nécessaires.',
  'checkpoint-silent-all.next':
    'Voyez si {object} a courant et réseau, puis `systemctl status dualtone-checkpoint` sur cette machine.',
  'etcd-silent.title': 'etcd ne répond pas à {self}',
  'etcd-silent.detail': 'Aucune majorité de ses membres ne répond : un relais ne trouverait pas les votes nécessaires.',
  'etcd-silent.next':
    '`dualtone check` sur {self} nomme le membre qui ne répond pas, ou ce qui ne va pas ; `etcdctl endpoint status` sur un membre dit s’il y a un chef. Tant que les deux nœuds s’entendent, le service continue.',
  'stream-failed.title': 'la réplication de {object} a échoué sur {self}',
  'stream-failed.detail': '{said}',
  'stream-failed.next':
    'Les appels n’en souffrent pas ; la copie vieillit. `dualtone status` sur {self} dit quoi réparer ; `dualtone replicate {object}` essaie tout de suite.',
  'switch-failing.title': '{object} ne suit pas le service sur {self}',
  'switch-failing.detail': '{said}',
  'switch-failing.next':
    'La téléphonie des nœuds eux-mêmes n’en souffre pas, et {object} est réessayé tout seul. `dualtone status` sur {self} dit quoi réparer ; d’ici là, basculez-le à la main si vous le pouvez.',
  'loss-above-limit.title': 'un relais perdrait maintenant plus que streams.loss-limit',
  'loss-above-limit.detail': '{said}',
  'loss-above-limit.next':
    'Voyez dans `dualtone status` quel flux est en retard ; `dualtone replicate` le rattrape tout de suite.',
  'journal-trouble.title': 'le journal ne peut être écrit sur {name}',
  'journal-trouble.detail': '{said}',
  'journal-trouble.next':
    'La téléphonie continue et les entrées sont gardées en mémoire. Faites de la place sur le disque de state-dir, ou voyez son propriétaire et ses droits.',
  'memory-trouble.title': 'la mémoire de l’agent ne peut être gardée sur {name}',
  'memory-trouble.detail': '{said}',
  'memory-trouble.next':
    'Sans elle, ce nœud ne prend ni ne renouvelle le droit de service. Voyez la place et les droits de run-dir et de state-dir.',
  'replicator-trouble.title': 'le réplicateur ne tourne pas sur {name}',
  'replicator-trouble.detail': '{said}',
  'replicator-trouble.next':
    'Les appels n’en souffrent pas ; rien n’est copié. Voyez dans `journalctl -u dualtone` pourquoi il se termine.',
  'not-quite-ready.title': 'la paire n’est pas tout à fait prête pour un relais par {peer}',
  'not-quite-ready.detail': '{said}',
  'not-quite-ready.next': 'Lancez `dualtone check` : il dit comment réparer chacun.',
  'not-ready.title': '{peer} ({peerRole}) n’est PAS prêt à prendre le relais',
  'not-ready.detail': '{said}',
  'not-ready.next': 'Lancez `dualtone check` : il dit comment réparer chacun.',
  'halted.title': '{self} s’est ARRÊTÉ de lui-même',
  'halted.detail': 'Une loi qui ne doit jamais être violée l’a été : {said}',
  'halted.next':
    'Sa porte est fermée. Gardez son journal pour un rapport (`dualtone journal export`), puis `systemctl restart dualtone` sur {self}.',
  'flapping.title': 'le service a basculé trop souvent et reste jusqu’à ce qu’une personne en prenne acte',
  'flapping.detail': 'Trop de bascules dans `flapping.window` : le service ne revient pas de lui-même au principal.',
  'flapping.next': 'Trouvez pourquoi il a basculé (`dualtone journal --since 2h`), puis `dualtone acknowledge`.',
  'both-silent.title': 'les agents des DEUX nœuds se taisent, à ce qu’entend le point de contrôle {name}',
  'both-silent.detail': 'Entendus pour la dernière fois : le principal {main}, le secours {standby}.',
  'both-silent.next':
    'Les téléphones sont probablement muets. Voyez courant et réseau des deux nœuds ; si ce point de contrôle seul est coupé, son propre réseau.',
  'heard-since.never': 'pas depuis ce démarrage',
  'heard-since.last': 'il y a {span}',
  'agent-stalled.title': 'l’agent de {name} est bloqué',
  'agent-stalled.detail': 'Le processus est là, et n’a rien dit depuis un moment.',
  'agent-stalled.next':
    'S’il était en service, son bail a expiré, et l’autre nœud est en service s’il le peut. `systemctl restart dualtone` sur {name}, et voyez la charge de la machine.',
  'agent-stalled-checkpoint.title': 'l’agent de {name} est bloqué',
  'agent-stalled-checkpoint.detail': 'Le processus est là, et n’a rien dit depuis un moment.',
  'agent-stalled-checkpoint.next':
    'Il ne donne plus de vote. `systemctl restart dualtone-checkpoint` sur cette machine, et voyez sa charge.',
  'channel-failing.title': 'les alarmes ne passent pas par le canal {object} de {name}',
  'channel-failing.detail': '{said}',
  'channel-failing.next':
    'Ce qu’il devait dire est gardé et sera dit dès qu’il marche. Réparez-le, puis `dualtone alarm test {object}`.',
  'channel-failing.unknown': 'Il échoue',

  'service-moved.title': 'le service est passé à {where}, comme ordonné',
  'service-moved.next': 'Il n’y a rien à faire.',
  'service-returned.title': 'le service est revenu à {where}',
  'service-returned.next': 'Il n’y a rien à faire.',
  'service-handed.title': '{where} a pris le relais : {peer} n’était pas en état et a passé la main',
  'service-handed.next':
    'Les appels continuent sur {self}. Lancez `dualtone status` sur {peer} : il nomme la sonde qui échoue.',
  'service-ordered.title': '{where} a pris le relais : sur l’ordre d’une personne',
  'service-ordered.next':
    'Les téléphones trouvent {self} d’eux-mêmes. Voyez courant et réseau de {peer}, puis `systemctl status dualtone` sur ce nœud.',
  'service-taken-over.title': '{where} a pris le relais : {peer} s’est tu ou n’était pas en service',
  'service-taken-over.next':
    'Les téléphones trouvent {self} d’eux-mêmes. Voyez courant et réseau de {peer}, puis `systemctl status dualtone` sur ce nœud.',
  'service-started.title': '{where} est entré en service : {peer} ne l’était pas',
  'service-started.next':
    'Les téléphones trouvent {self} d’eux-mêmes. Voyez courant et réseau de {peer}, puis `systemctl status dualtone` sur ce nœud.',
  'service.detail': '{where} est en service sous l’époque {epoch} ; {ready}.',

  'notice.next': 'Lancez `dualtone status` sur {name} ; `dualtone journal --since 1h` dit ce qui y a mené.',
  'notice.closing-lost':
    'L’autre nœud est en service s’il le peut. Voyez le réseau entre les nœuds et vers les points de contrôle ; `dualtone explain` sur les deux.',
  'notice.closing-yield':
    'Les deux nœuds ont été en service un instant. Gardez les deux journaux, et voyez `dualtone explain` sur les deux.',
  'notice.gate-failed': 'Lancez `nft list ruleset` sur ce nœud, et voyez si un autre pare-feu le change.',
  'notice.gate-tampered':
    'Un autre programme a changé le pare-feu : trouvez-le (ufw, firewalld, un script), ou qu’il laisse la table `dualtone`.',
  'notice.step-failed':
    'Elle est retentée d’elle-même ; `dualtone status` montre le plan, et `systemctl status` de ce service dit pourquoi.',
  'notice.serving-cut-off':
    'Assurez-vous que l’autre nœud n’est pas en service, ou arrêtez ici la téléphonie à la main.',
  'notice.checkpoints-left-out':
    'Ramenez les points de contrôle : jusque-là deux nœuds peuvent être en service lors d’une coupure.',
  'notice.clock-jump': 'Voyez le service de temps, et si la machine virtuelle a été mise en pause ou déplacée.',
  'notice.agent-late': 'Voyez ce qui occupe cette machine : un battement en retard d’un bail entier coûte un relais.',
  'notice.etcd-denied':
    'D’ici là etcd ne vote pas. `etcdctl user get` sur un membre montre le rôle ; comparez le mot de passe avec `arbiter.password-file`.',
  'notice.etcd-tls':
    'D’ici là etcd ne vote pas. Renouvelez le certificat à sa place sur ce nœud, ou sur le membre nommé ; il n’y a pas à redémarrer l’agent.',
  'notice.etcd-full':
    'D’ici là etcd ne vote pas. `etcdctl compact`, `etcdctl defrag`, `etcdctl alarm disarm` ; puis faites qu’etcd compacte de lui-même.',
  'notice.etcd-malformed':
    'Voyez que `arbiter.endpoints` sont des ports clients d’etcd lui-même, sans mandataire entre les deux.',
  'notice.etcd-file-unreadable': 'Mettez le fichier à sa place ; il est lu à l’essai suivant.',
  'notice.etcd-other-cluster':
    'Comparez `arbiter.endpoints` et `arbiter.cluster-id` des deux nœuds avec `etcdctl endpoint status` sur un membre.',
  'notice.etcd-foreign-value': 'Donnez à chaque paire un préfixe à elle ; `etcdctl get` montre à qui est la valeur.',
  'notice.etcd-went-back':
    'Rien : le prochain service aura une époque au-dessus de toutes les précédentes. Trouvez qui a restauré etcd, et de quelle sauvegarde.',
  'notice.etcd-well': 'Il n’y a rien à faire.',
  'notice.fence-failed':
    'Si aucun nœud n’est en service : voyez que l’autre est éteint, ou débranchez-le, puis `dualtone takeover --confirm NAME` ici. `dualtone fence status` interroge de nouveau chaque appareil.',
  'notice.fence-contradicted':
    'Ne vous fiez plus à cet appareil : il commande une autre machine, ou il ment. `dualtone status` dit qui est en service ; comparez son adresse et sa prise, puis `dualtone fence test`.',
  'notice.fenced':
    'Les appels sont servis. De jour : trouvez pourquoi l’autre nœud s’est tu, allumez-le, puis `dualtone failback --when-idle`.',
  'notice.fence-not-on-again':
    'Allumez l’autre nœud à la main : il revient passif. D’ici là personne ne pourrait prendre le relais.',
  'notice.both-served':
    'L’un des deux s’est arrêté. Ceux dont les appels sont cités devront peut-être rappeler ; `dualtone journal --since 1h` sur les deux dit ce qui s’est passé.',
  'notice.both-served-data':
    'Voyez ce qui a été écrit de quel côté avant toute copie : `dualtone status`, `dualtone merge preview`.',
  'notice.orders-overruled': 'Accordez-vous avec l’autre personne ; `dualtone status` montre le mode qui vaut.',
  'notice.names-mended':
    'Rien pour les noms. Trouvez qui les a changés : un autre serveur, un script, ou une personne avec la même clé.',
  'notice.service-names-moved': 'Il n’y a rien à faire.',
  'notice.reporting-behind':
    'Les appels ne sont pas touchés. Ramenez la base des rapports ou Elasticsearch ; ce qui attend est envoyé de soi-même : `dualtone reporting status`.',
  'notice.reporting-gap':
    'Ces événements sont perdus. `dualtone reporting report` en a les heures, pour qui lit les statistiques ; gardez les événements plus longtemps sur le nœud.',
  'notice.reporting-refused':
    'Voyez pourquoi par `dualtone reporting report`. Une fois la table ou le mapping corrigés là-bas, ils sont proposés de nouveau d’eux-mêmes.',
  'notice.terms-not-kept':
    'Faites de la place sur le disque de state-dir, ou voyez son propriétaire et son mode : sans cette note une fusion peut ignorer ce qui est venu pendant le service de ce nœud.',
  'notice.drill-begun': 'Rien : `dualtone drill status` en montre l’avance, `dualtone drill stop` l’arrête.',
  'notice.drill-ended': 'Rien : `dualtone drill report` dit ce que les téléphones ont vu.',
  'notice.drill-failed': 'Voyez `dualtone drill report`, et où est le service : `dualtone status`.',
  'notice.drill-gave-way': 'Voyez d’abord la vraie panne : `dualtone status`, `dualtone explain`.',
  'notice.drill-interrupted': 'Voyez par `dualtone status` si le service est rentré, sinon `dualtone failback`.',
  'notice.drill-overdue': 'Faites-en un par une nuit calme : `dualtone drill switchover`.',
  'notice.drill-not-begun': 'Voyez par `dualtone drill --preview` ce qui s’y oppose.',

  'who.serves': '{name} ({role}) est en service',
  'who.nobody': 'AUCUN nœud n’est en service, à ce qu’on sait',
  'who.both': 'LES DEUX nœuds sont en service',
  'who.maintenance': '{who} (maintenance)',
  'who.manual': '{who} (mode manuel)',
  'who.last-known': 'dernier état connu : {who}',
  'who.votes-for': '{name} vote pour le {role}',
  'who.votes-for-nobody': '{name} n’a promis son vote à personne',
  'ready.can': '{name} ({role}) peut prendre le relais',
  'ready.cannot': '{name} ({role}) ne pourrait PAS prendre le relais maintenant : {lacks}',
  'ready.waits': '{self} ({selfRole}) attend : {lacks}',
  'ready.asks': '{self} ({selfRole}) demande le droit de service',
  'ready.yields': 'l’un d’eux cède tout de suite',

  'tag.info': 'INFO',
  'tag.warning': 'ATTENTION',
  'tag.alarm': 'ALARME',
  'tag.still': 'TOUJOURS {tag}',
  'tag.over': 'RÉTABLI',
  'text.over': 'terminé : {title}',
  'text.still': 'toujours : {title}',
  'text.more': '(+{n} autres)',
  'text.nothing': 'rien à dire',
  'text.since': '{who} depuis {at}',
  'text.calls_one': '{n} appel',
  'text.calls_other': '{n} appels',
  'text.from-to': 'de {from} à {to} ({span})',
  'text.times': '{n} fois, de {from} à {to}',
  'text.for': 'depuis {from} ({span})',
  'text.when': 'Quand :   ',
  'text.was': 'C’était : ',
  'text.what': 'Quoi :    ',
  'text.do': 'À faire : ',
  'text.folded': 'Et {n} autres pour lesquelles il n’y avait pas de place ; voyez `dualtone journal`.',
  'text.stood': 'L’état à {at}',
  'text.besides': 'Aussi en cours',
  'text.made': '{at}, de {from} ; message {id}.',
  'text.help':
    'Toutes les alarmes en cours : `dualtone alarm list`. Pas d’alarme pendant des travaux prévus : `dualtone maintenance on --for 2h --reason ...`.',
  'text.record': '{title}. {detail} À faire : {next}',

  'test.title': 'un essai : les alarmes arrivent ici',
  'test.detail': 'Une personne a demandé ce message par `dualtone alarm test`.',
  'test.next': 'Il n’y a rien à faire.',
};

/** Titles of the agent’s notices, by code; what has none is told by the agent’s own clause. */
export const noticeTitlesFr: Readonly<Record<string, string>> = {
  'closing-stop': 'une personne a arrêté le service ici',
  'closing-yield': 'l’autre nœud est en service sous une époque plus récente ; celui-ci s’est arrêté',
  'closing-lost': 'ce nœud a perdu le droit de service et s’est arrêté',
  'serving-cut-off': 'aucun vote ne parvient à ce nœud, et il reste en service',
  'gate-failed': 'le noyau a refusé un ordre à la porte',
  'gate-tampered': 'un autre programme a changé la porte',
  'fence-failed': 'aucun appareil n’a prouvé que l’autre nœud, muet, est éteint',
  'fence-contradicted': 'l’appareil a dit éteint, et l’autre nœud est entendu',
  fenced: 'l’autre nœud est éteint, d’après son appareil',
  'fence-not-on-again': 'l’autre nœud a été éteint et n’est pas rallumé',
  'both-served': 'les deux nœuds ont été en service en même temps',
  'both-served-data': 'ce que ce nœud a écrit pendant que les deux étaient en service',
  'names-mended': 'quelqu’un avait changé les noms dans le DNS ; ils sont rétablis',
  'service-names-moved': 'les noms dans le DNS mènent au nœud en service',
  'reporting-behind': 'les rapports ne reçoivent plus d’événements',
  'reporting-gap': 'des événements ont été effacés avant d’aller aux rapports',
  'reporting-refused': 'des événements n’ont pas été acceptés par les rapports',
  'terms-not-kept': 'la note des moments de service ne peut pas être gardée',
  'orders-overruled': 'un autre mode a été ordonné en même temps à l’autre nœud, et c’est lui qui vaut',
  'checkpoints-left-out': 'la paire se passe des points de contrôle perdus',
  'clock-jump': 'les horloges de cette machine diffèrent, ou elle est restée figée',
  'maintenance-over': 'la maintenance est terminée',
  'drill-begun': 'un exercice commence',
  'drill-ended': 'un exercice est terminé',
  'drill-failed': 'un exercice a échoué',
  'drill-gave-way': 'un exercice a cédé à une vraie panne',
  'drill-interrupted': 'un exercice a été interrompu',
  'drill-overdue': 'aucun exercice n’a réussi depuis longtemps',
  'drill-not-begun': 'l’exercice prévu n’a pas commencé',
  'agent-late': 'l’agent est en retard',
  'etcd-denied': 'etcd a refusé l’identification ou un droit',
  'etcd-tls': 'la liaison TLS avec etcd a échoué',
  'etcd-full': 'etcd n’accepte plus d’écritures : sa base est pleine',
  'etcd-malformed': 'la réponse d’etcd n’est pas lisible',
  'etcd-file-unreadable': 'un fichier de l’accès à etcd n’est pas lisible',
  'etcd-other-cluster': 'un autre groupe etcd répond que celui qui est configuré',
  'etcd-foreign-value': 'la valeur dans etcd n’est pas celle de cette paire',
  'etcd-went-back': 'etcd a été ramené à une ancienne sauvegarde',
  'etcd-well': 'etcd vote de nouveau',
};
