/** `dualtone agent`: the process of one node, from its start to SIGTERM. */
import { openApiServer } from '../api/server.ts';
import { checkNode, notesOnNode } from '../checks/preflight.ts';
import { type Config, controlSocketPath, isAlarming, isReporting, isServingWeb } from '../config/config.ts';
import { ok, type Result } from '../core/result.ts';
import { createStderrNotifier } from '../notify/stderr.ts';
import type { Notifier } from '../ports.ts';
import { systemClock } from '../time/clock.ts';
import { createAudit } from './audit.ts';
import { createTermWatch, nodeFactsOf } from './beside/alarm-facts.ts';
import { type AlarmTeller, createAlarmTeller, toldBy } from './beside/alarms.ts';
import { createReporterProcess } from './beside/reporter.ts';
import { createWebProcess } from './beside/web.ts';
import { type Composition, composeNode, keepBootScript, type Program } from './compose.ts';
import { beFirst } from './priority.ts';
import { createSystemNotify } from './system-notify.ts';
import { untilEnded } from './until-ended.ts';

const write = (line: string): void => void process.stderr.write(line);

/** Opens in an order in which a failure leaves nothing behind: the socket first, since it tells whether another agent runs. */
const open = async (
  { agent, stream, journal, pairView, settings, reload }: Composition,
  config: Config,
  alarms: AlarmTeller | null,
): Promise<Result<() => Promise<void>>> => {
  const audit = createAudit(journal, systemClock, () => agent.state().boot.highest);
  const source = {
    ...agent,
    other: pairView.other,
    settings: settings.ask,
    audit,
    reload: async (by: string) => {
      const answer = await reload();
      audit({ by, what: answer.ok ? 'reloaded' : 'reload-refused', detail: answer.text });
      return answer;
    },
    ...(alarms === null ? {} : { alarm: alarms.ask }),
  };
  const api = await openApiServer({ path: controlSocketPath(config), group: config.controlSocket.group }, source);
  if (!api.ok) return api;
  const streaming = await (stream?.open() ?? Promise.resolve(ok(undefined)));
  if (!streaming.ok) {
    await api.value.close();
    return streaming;
  }
  const started = await agent.start();
  if (!started.ok) {
    await Promise.all([api.value.close(), stream?.close()]);
    return started;
  }
  pairView.start(() => agent.snapshot());
  return ok(async () => {
    pairView.stop();
    await stream?.close();
    await api.value.close();
  });
};

/** What the agent shows, at each change of it, goes to those who tell people. */
const beginAlarms = (alarms: AlarmTeller, { agent, journal }: Composition): void => {
  const term = createTermWatch();
  agent.onChange(() => {
    term.see(agent.state());
    alarms.look();
  });
  alarms.start({
    facts: () => nodeFactsOf(agent.snapshot(), agent.state(), term.came()),
    paced: false,
    note: (kind, data) => {
      const { now, wall } = systemClock;
      journal.append({ wall: wall(), at: now(), epoch: agent.state().boot.highest, kind, reasons: [], data });
    },
  });
};

/** What is amiss and does not keep it from starting. */
const tellNotes = async (config: Config, notifier: Notifier): Promise<void> => {
  const kept = await keepBootScript(config);
  if (!kept.ok) {
    const { code, message, remedy } = kept.error;
    notifier.notify({ kind: 'notify', level: 'alarm', code, text: `${message} ${remedy}` });
  }
  for (const text of notesOnNode(config))
    notifier.notify({ kind: 'notify', level: 'warning', code: 'preflight', text });
};

export interface NodeProgram extends Program {
  /** `dualtone alarms` with the same configuration, at ordinary priority. */
  readonly alarmsArgv: readonly string[];
  /** `dualtone web`, likewise, below ordinary priority. */
  readonly webArgv: readonly string[];
  /** `dualtone reporter`, likewise. */
  readonly reporterArgv: readonly string[];
}

/**
 * Runs the agent until SIGTERM or SIGINT. It then leaves the kernel's state as it is: tickets run on for at most one lease, so
 * that an agent that is started again within it goes on serving. Fails, before anything was changed, with a clear fault.
 */
export const runNode = async (config: Config, program: NodeProgram): Promise<Result<void>> => {
  const stderr = createStderrNotifier(write, process.env['JOURNAL_STREAM'] !== undefined);
  const alarms = isAlarming(config) ? createAlarmTeller(program.alarmsArgv, systemClock, stderr) : null;
  const notifier = toldBy(stderr, alarms);
  const checked = checkNode(config);
  if (!checked.ok) return checked;
  const composed = composeNode(config, program, systemClock, notifier);
  if (!composed.ok) return composed;
  const { agent, journal } = composed.value;
  journal.onNotice((text) => notifier.notify({ kind: 'notify', level: 'alarm', code: 'journal', text }));
  const ended = untilEnded();
  beFirst();
  const opened = await open(composed.value, config, alarms);
  if (!opened.ok) {
    journal.close();
    return opened;
  }
  if (alarms !== null) beginAlarms(alarms, composed.value);
  const web = isServingWeb(config) ? createWebProcess(program.webArgv, systemClock, notifier) : null;
  web?.start();
  const reporter = isReporting(config) ? createReporterProcess(program.reporterArgv, systemClock, notifier) : null;
  reporter?.start();
  const { refusing } = composed.value;
  if (refusing !== null) agent.onChange(() => refusing.see(agent.state()));
  await tellNotes(config, notifier);
  const system = createSystemNotify(systemClock);
  system.ready(`${config.node.role} ${config.node.name}`);
  const signal = await ended;
  system.stop();
  system.stopping();
  web?.stop();
  reporter?.stop();
  refusing?.stop();
  await Promise.all([agent.endBeside(), alarms?.stop()]);
  await agent.renewLast();
  await agent.stop(signal);
  await opened.value();
  journal.close();
  return ok(undefined);
};
