/** Every word that alarms say, in English. Of each topic: `title` (fit for a subject line), `detail`, and `next`, what a person does. */
export const phrasesEn = {
  'role.main': 'main',
  'role.standby': 'standby',
  'name.checkpoint': 'checkpoint {name}',
  'name.unknown': 'this machine',

  'both-serve.title': 'BOTH {self} and {peer} serve',
  'both-serve.detail': 'Both nodes claim the right to serve; phones may be split between them.',
  'both-serve.next':
    'One of them should yield within a second. If this stays, stop telephony on one of them by hand, and see `dualtone explain` on both.',
  'nobody-serves.title': 'NOBODY is known to serve',
  'nobody-serves.detail': 'As far as {self} knows no node serves: {ready}.',
  'nobody-serves.next':
    'Phones are dead unless {peer} serves unheard. Run `dualtone explain` on {self}: it says which vote or service is missing.',
  'telephony-down.title': 'telephony on {self} is DOWN',
  'telephony-down.detail': '{said}',
  'telephony-down.next':
    '`dualtone status` on {self} names the probe that fails; `systemctl status asterisk`. Service moves by itself if {peer} is fit.',
  'telephony-down-passive.title': 'telephony on {self} is DOWN',
  'telephony-down-passive.detail': '{said}',
  'telephony-down-passive.next':
    'Calls go on at {peer}. Bring Asterisk on {self} up before {peer} fails: `dualtone status` there names the probe that fails.',
  'other-unheard.title': '{self} no longer hears {peer} directly',
  'other-unheard.detail': '{peer} ({peerRole}) {last}, but a checkpoint hears it.',
  'other-unheard.next':
    'The network between the two nodes is broken in one or both ways: see cables, switch and firewall between them (UDP port of `listen`).',
  'other-silent.title': 'the agent of {peer} ({peerRole}) is silent',
  'other-silent.detail': '{peer} {last}.',
  'other-silent.next':
    'See whether {peer} has power and network, then `systemctl status dualtone` on it. `dualtone explain` on {self} says whether it may take over.',
  'other-silent-serving.title': '{peer} ({peerRole}) is silent, nobody could take over from {self}',
  'other-silent-serving.detail': '{peer} {last}.',
  'other-silent-serving.next':
    'See whether {peer} has power and network, then `systemctl status dualtone` on it. {self} serves meanwhile.',
  'heard.never': 'has not been heard since {self} started',
  'heard.last': 'was last heard {span} ago',
  'alone.title': '{peer} ({peerRole}) could NOT take over from {self} now',
  'alone.detail': '{said}',
  'alone.next': 'Nothing is lost yet: {self} serves. Run `dualtone status` on {peer} and mend what it says.',
  'alone.unknown': 'It is not ready',
  'checkpoint-silent.title': 'checkpoint {object} does not answer {self}',
  'checkpoint-silent.detail': 'The other checkpoints answer; the pair goes on.',
  'checkpoint-silent.next':
    'See whether {object} has power and network, then `systemctl status dualtone-checkpoint` on it.',
  'checkpoint-silent-all.title': 'checkpoint {object} does not answer {self}',
  'checkpoint-silent-all.detail': 'No checkpoint answers: a takeover may not find the votes it needs.',
  'checkpoint-silent-all.next':
    'See whether {object} has power and network, then `systemctl status dualtone-checkpoint` on it.',
  'etcd-silent.title': 'etcd does not answer {self}',
  'etcd-silent.detail': 'No majority of its members answers: a takeover would not find the votes that it needs.',
  'etcd-silent.next':
    '`dualtone check` on {self} names the member that does not answer, or what else it is; `etcdctl endpoint status` on a member says whether there is a leader. While both nodes hear each other, service goes on.',
  'stream-failed.title': 'replication of {object} failed on {self}',
  'stream-failed.detail': '{said}',
  'stream-failed.next':
    'Calls are not affected; the copy grows older. `dualtone status` on {self} says what to mend; `dualtone replicate {object}` tries at once.',
  'switch-failing.title': '{object} does not follow service to {self}',
  'switch-failing.detail': '{said}',
  'switch-failing.next':
    'Telephony of the nodes themselves is not affected, and {object} is tried again by itself. `dualtone status` on {self} says what to mend; until then move it by hand if you can.',
  'loss-above-limit.title': 'a takeover now would lose more than streams.loss-limit',
  'loss-above-limit.detail': '{said}',
  'loss-above-limit.next':
    'See `dualtone status` for the stream that is behind; `dualtone replicate` catches up at once.',
  'journal-trouble.title': 'the journal cannot be written on {name}',
  'journal-trouble.detail': '{said}',
  'journal-trouble.next':
    'Telephony goes on and entries are kept in memory. Make space on the disk of state-dir, or see its owner and mode.',
  'memory-trouble.title': "the agent's memory cannot be kept on {name}",
  'memory-trouble.detail': '{said}',
  'memory-trouble.next':
    'Without it this node neither takes nor renews the right to serve. See space and mode of run-dir and state-dir.',
  'replicator-trouble.title': 'the replicator does not run on {name}',
  'replicator-trouble.detail': '{said}',
  'replicator-trouble.next': 'Calls are not affected; nothing is copied. See `journalctl -u dualtone` for why it ends.',
  'not-quite-ready.title': 'the pair is not quite ready for a takeover by {peer}',
  'not-quite-ready.detail': '{said}',
  'not-quite-ready.next': 'Run `dualtone check`: it says how to mend each of them.',
  'not-ready.title': '{peer} ({peerRole}) is NOT ready to take over',
  'not-ready.detail': '{said}',
  'not-ready.next': 'Run `dualtone check`: it says how to mend each of them.',
  'halted.title': '{self} has HALTED itself',
  'halted.detail': 'A law that must never be broken was: {said}',
  'halted.next':
    'Its gate is closed. Keep its journal for a report (`dualtone journal export`), then `systemctl restart dualtone` on {self}.',
  'flapping.title': 'service moved too often and stays until a person acknowledges',
  'flapping.detail': 'Too many switches within `flapping.window`: service does not go back to the main by itself.',
  'flapping.next': 'Find out why it moved (`dualtone journal --since 2h`), then `dualtone acknowledge`.',
  'both-silent.title': 'the agents of BOTH nodes are silent, as checkpoint {name} hears',
  'both-silent.detail': 'Last heard: the main {main}, the standby {standby}.',
  'both-silent.next':
    'Phones are probably dead. See power and network of both nodes; if only this checkpoint is cut off, its own network.',
  'heard-since.never': 'not since this start',
  'heard-since.last': '{span} ago',
  'agent-stalled.title': 'the agent of {name} hangs',
  'agent-stalled.detail': 'The process is there, and has said nothing for a while.',
  'agent-stalled.next':
    'If it served, its lease has run out, and the other node serves if it can. `systemctl restart dualtone` on {name}, and see the load of the machine.',
  'agent-stalled-checkpoint.title': 'the agent of {name} hangs',
  'agent-stalled-checkpoint.detail': 'The process is there, and has said nothing for a while.',
  'agent-stalled-checkpoint.next':
    'It gives no votes. `systemctl restart dualtone-checkpoint` on it, and see the load of the machine.',
  'channel-failing.title': 'alarms do not get through by channel {object} of {name}',
  'channel-failing.detail': '{said}',
  'channel-failing.next':
    'What it should have told is kept and told as soon as it works. Mend it, then `dualtone alarm test {object}`.',
  'channel-failing.unknown': 'It fails',

  'service-moved.title': 'service was moved to {where} as ordered',
  'service-moved.next': 'Nothing is to be done.',
  'service-returned.title': 'service is back on {where}',
  'service-returned.next': 'Nothing is to be done.',
  'service-handed.title': '{where} took over: {peer} was not well and handed over',
  'service-handed.next': 'Calls go on at {self}. Run `dualtone status` on {peer}: it names the probe that fails.',
  'service-ordered.title': '{where} took over: by order of a person',
  'service-ordered.next':
    'Phones find {self} by themselves. See power and network of {peer}, then `systemctl status dualtone` on it.',
  'service-taken-over.title': '{where} took over: {peer} fell silent or did not serve',
  'service-taken-over.next':
    'Phones find {self} by themselves. See power and network of {peer}, then `systemctl status dualtone` on it.',
  'service-started.title': '{where} began to serve: {peer} did not',
  'service-started.next':
    'Phones find {self} by themselves. See power and network of {peer}, then `systemctl status dualtone` on it.',
  'service.detail': '{where} serves under epoch {epoch}; {ready}.',

  'notice.next': 'Run `dualtone status` on {name}; `dualtone journal --since 1h` says what led to it.',
  'notice.closing-lost':
    'The other node serves if it can. See the network between the nodes and to the checkpoints; `dualtone explain` on both.',
  'notice.closing-yield': 'Both nodes served for a moment. Keep both journals, and see `dualtone explain` on both.',
  'notice.gate-failed': 'Run `nft list ruleset` on this node, and see whether another firewall program changes it.',
  'notice.gate-tampered':
    'Another program changed the firewall: find it (ufw, firewalld, a script), or have it leave the table `dualtone`.',
  'notice.step-failed':
    'It is tried again by itself; `dualtone status` shows the plan, and `systemctl status` of that service why.',
  'notice.serving-cut-off': 'Make sure that the other node does not serve, or stop telephony here by hand.',
  'notice.checkpoints-left-out': 'Bring the checkpoints back: until then two nodes may serve in a partition.',
  'notice.clock-jump': 'See the time service, and whether the virtual machine was paused or moved.',
  'notice.agent-late': 'See what else keeps this machine busy: a heartbeat that is late by a lease costs a takeover.',
  'notice.etcd-denied':
    'Until then etcd gives no vote. `etcdctl user get` on a member shows the role; compare the password with `arbiter.password-file`.',
  'notice.etcd-tls':
    'Until then etcd gives no vote. Renew the certificate in its place on this node, or on the member that is named; no restart of the agent is needed.',
  'notice.etcd-full':
    'Until then etcd gives no vote. `etcdctl compact`, `etcdctl defrag`, `etcdctl alarm disarm`; then have etcd compact by itself.',
  'notice.etcd-malformed': 'See that `arbiter.endpoints` are client ports of etcd itself, with no proxy between.',
  'notice.etcd-file-unreadable': 'Put the file there; it is read at the next try.',
  'notice.etcd-other-cluster':
    'Compare `arbiter.endpoints` and `arbiter.cluster-id` on both nodes with `etcdctl endpoint status` on a member.',
  'notice.etcd-foreign-value': 'Give each pair a prefix of its own; `etcdctl get` shows whose value it is.',
  'notice.etcd-went-back':
    'Nothing: the next term of service is above all that were. Find out who restored etcd, and from which backup.',
  'notice.etcd-well': 'Nothing is to be done.',
  'notice.fence-failed':
    'If nobody serves: look that the other node is off, or pull its plug, then `dualtone takeover --confirm NAME` here. `dualtone fence status` asks each device again.',
  'notice.fence-contradicted':
    'Trust that device no more: it switches another machine, or lies. `dualtone status` says who serves; compare its address and plug, then `dualtone fence test`.',
  'notice.fenced':
    'Callers are served. By day: find out why the other node fell silent, turn it on, then `dualtone failback --when-idle`.',
  'notice.fence-not-on-again':
    'Turn the other node on by hand: it comes back passive. Until then nobody could take over.',
  'notice.both-served':
    'One of them has stopped. Those whose calls are listed may have to call again; `dualtone journal --since 1h` on both says how it came about.',
  'notice.both-served-data':
    'See what was written on which side before anything is copied: `dualtone status`, `dualtone merge preview`.',
  'notice.orders-overruled': 'Agree with the other person; `dualtone status` shows the mode that holds.',
  'notice.names-mended':
    'Nothing for the names. Find out who changed them: another server, a script, or a person with the same key.',
  'notice.service-names-moved': 'Nothing is to be done.',
  'notice.reporting-behind':
    'Calls are not affected. Bring the reporting database or Elasticsearch back; what waits is sent by itself: `dualtone reporting status`.',
  'notice.reporting-gap':
    'These events are gone. `dualtone reporting report` has their times, for whoever reads the statistics; keep events on the node for longer.',
  'notice.reporting-refused':
    'See `dualtone reporting report` for why. Once the table or mapping there is corrected, they are offered again by themselves.',
  'notice.terms-not-kept':
    'Make space on the disk of state-dir, or see its owner and mode: without the note a merge may not know what came while this node served.',
  'notice.drill-begun': 'Nothing: `dualtone drill status` shows how far it is, `dualtone drill stop` ends it.',
  'notice.drill-ended': 'Nothing: `dualtone drill report` has what telephones saw.',
  'notice.drill-failed': 'See `dualtone drill report`, and where service is: `dualtone status`.',
  'notice.drill-gave-way': 'See to the real fault first: `dualtone status`, `dualtone explain`.',
  'notice.drill-interrupted': 'See `dualtone status` whether service is home, else `dualtone failback`.',
  'notice.drill-overdue': 'Make one on a quiet night: `dualtone drill switchover`.',
  'notice.drill-not-begun': 'See `dualtone drill --preview` for what stands against it.',

  'who.serves': '{name} ({role}) serves',
  'who.nobody': 'NOBODY is known to serve',
  'who.both': 'BOTH nodes serve',
  'who.maintenance': '{who} (maintenance)',
  'who.manual': '{who} (manual mode)',
  'who.last-known': 'last known: {who}',
  'who.votes-for': '{name} votes for the {role}',
  'who.votes-for-nobody': '{name} has promised its vote to nobody',
  'ready.can': '{name} ({role}) can take over',
  'ready.cannot': '{name} ({role}) could NOT take over now: {lacks}',
  'ready.waits': '{self} ({selfRole}) waits: {lacks}',
  'ready.asks': '{self} ({selfRole}) asks for the right to serve',
  'ready.yields': 'one of them yields at once',

  'tag.info': 'INFO',
  'tag.warning': 'WARNING',
  'tag.alarm': 'ALARM',
  'tag.still': 'STILL {tag}',
  'tag.over': 'RECOVERED',
  'text.over': 'no longer: {title}',
  'text.still': 'still: {title}',
  'text.more': '(+{n} more)',
  'text.nothing': 'nothing to tell',
  'text.since': '{who} since {at}',
  'text.calls_one': '{n} call',
  'text.calls_other': '{n} calls',
  'text.from-to': '{from} to {to} ({span})',
  'text.times': '{n} times, {from} to {to}',
  'text.for': 'since {from} ({span})',
  'text.when': 'When: ',
  'text.was': 'It was: ',
  'text.what': 'What: ',
  'text.do': 'Do:   ',
  'text.folded': 'And {n} more for which there was no room; see `dualtone journal`.',
  'text.stood': 'How it stood at {at}',
  'text.besides': 'Also open',
  'text.made': '{at}, from {from}; message {id}.',
  'text.help':
    'All open alarms: `dualtone alarm list`. No alarms for planned work: `dualtone maintenance on --for 2h --reason ...`.',
  'text.record': '{title}. {detail} Do: {next}',

  'test.title': 'a test: alarms arrive here',
  'test.detail': 'A person asked for this message with `dualtone alarm test`.',
  'test.next': 'Nothing is to be done.',
} as const;

export type Phrase = keyof typeof phrasesEn;
export type Phrases = Readonly<Record<Phrase, string>>;
