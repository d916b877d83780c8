/** `dualtone web-server`: the part that faces the network. It begins to listen, gives up every right, and asks the keeper for everything. */
import { type Fault, fail, messageOf } from '../../core/result.ts';
import type { Credential, ServerSettings } from '../wire.ts';
import { createApp } from './app.ts';
import { createEvents, type Events } from './events.ts';
import { readPage } from './files.ts';
import { createLink, type Link } from './link.ts';
import { type Keys, type Listening, listenAll } from './listen.ts';
import { createPairState } from './state.ts';

/** Logins end, roles change: open event streams are looked at this often. */
const RECHECK_MS = 10_000;

/** From here on it may do nothing that the keeper does not do for it. */
const become = ({ uid, gid }: NonNullable<ServerSettings['become']>): void => {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid || process.getgid?.() !== gid)
    throw new Error('the rights could not be given up');
};

const recheck = async (events: Events, link: Link): Promise<void> => {
  for (const { session, credential } of events.viewers()) {
    const { result } = await link.ask({ name: 'who' }, credential satisfies Credential | null, '');
    if (!result.ok && (result.error.code === 'login-needed' || result.error.code === 'role-too-low'))
      events.dismiss(session);
  }
};

/** Once the keeper has been told. */
const giveUp = (link: Link, fault: Fault): void => {
  link.say({ type: 'say', fault });
  setTimeout(() => process.exit(1), 200);
};

/** Runs until its input ends. */
export const runWebServer = async (): Promise<void> => {
  const settingsGiven = Promise.withResolvers<ServerSettings>();
  const keysGiven = Promise.withResolvers<void>();
  const latest: { keys: Keys } = { keys: { key: '', certificate: '' } };
  let listening: Listening | null = null;
  const state = createPairState();
  const events = createEvents();
  const leave = (): never => process.exit(0);
  const link = createLink(
    process.stdin,
    process.stdout,
    (message) => {
      switch (message.type) {
        case 'settings':
          return settingsGiven.resolve(message.settings);
        case 'certificate':
          latest.keys = message;
          keysGiven.resolve();
          return listening?.renew(message);
        case 'pair':
          state.set(message.pair);
          return events.pair(message.pair);
        case 'journal':
          return events.tell('journal', message.entries);
        case 'job':
          return events.tell('job', message.job);
      }
    },
    () => {
      events.stop();
      listening?.close();
      leave();
    },
  );
  const settings = await settingsGiven.promise;
  await keysGiven.promise;
  const fileByPath = readPage(settings.page);
  const app = await createApp({ settings, link, state, events, fileByPath });
  const opened = await listenAll(settings.listen, latest.keys, settings.limits, (request, response) =>
    app.routing(request, response),
  );
  if (!opened.ok) return giveUp(link, opened.error);
  listening = opened.value;
  listening.renew(latest.keys);
  try {
    if (settings.become !== null) become(settings.become);
  } catch (error) {
    const why = messageOf(error);
    listening.close();
    const fault = fail('web-rights-kept', `The web server could not give up its rights: ${why}.`, 'See web.user.');
    return giveUp(link, fault.error);
  }
  link.say({ type: 'listening', ports: listening.ports });
  setInterval(() => void recheck(events, link), RECHECK_MS);
};
