/** One visit at Asterisk's manager: all that the checks want to know, in one login. */
import { isIP } from 'node:net';
import { runCommand } from '../ami/actions.ts';
import { type AmiConnection, connectAmi } from '../ami/connection.ts';
import { type AmiMessage, headerOf, numberOf } from '../ami/message.ts';
import type { Config } from '../config/config.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { Millis } from '../core/words.ts';
import { lookAtSecret } from '../files/secret.ts';

export interface OutboundRegistration {
  readonly name: string;
  /** Seconds; null: it does not say. */
  readonly expirySeconds: number | null;
  readonly maxInitialDelaySeconds: number | null;
  /** In Asterisk's own words, such as `Registered`; null: it does not say. */
  readonly status: string | null;
}

export interface RegistrarLimit {
  readonly name: string;
  readonly minimumSeconds: number | null;
  readonly maximumSeconds: number | null;
  readonly defaultSeconds: number | null;
}

export interface PjsipTransport {
  readonly name: string;
  readonly bind: string;
}

export interface AsteriskSurvey {
  readonly version: string;
  /** Actions that this user may give. */
  readonly actions: readonly string[];
  /** Loaded and running, sorted. */
  readonly modules: readonly string[];
  readonly registrations: readonly OutboundRegistration[];
  readonly registrars: readonly RegistrarLimit[];
  readonly transports: readonly PjsipTransport[];
}

const CONNECT_MS: Millis = 3000;
const ACTION_MS: Millis = 4000;

const secretOf = (path: string): Result<string> => {
  const secret = lookAtSecret(path);
  if (secret.ok) return ok(secret.text.trim());
  return fail(
    'ami-secret-unreadable',
    `The secret of the manager, ${path}, cannot be read or is empty.`,
    'Write the secret of manager.conf into it, mode 0600.',
  );
};

/** Headers of an answer that are not about the protocol: `ListCommands` names an action in each. */
const actionsOf = (response: AmiMessage): readonly string[] =>
  [...response.valuesByName.keys()].filter((name) => !['response', 'actionid', 'message'].includes(name));

const listOf = async (ami: AmiConnection, action: string, until: string): Promise<readonly AmiMessage[]> => {
  const answer = await ami.act(action, [], { until });
  // An empty list is an error for Asterisk; so is a module that is not there.
  return answer.ok && answer.value.response.name === 'Success' ? answer.value.entries : [];
};

const nameIn = (entry: AmiMessage): string => headerOf(entry, 'ObjectName') ?? '?';

const registrationOf = (entry: AmiMessage): OutboundRegistration => ({
  name: nameIn(entry),
  expirySeconds: numberOf(entry, 'Expiration') ?? null,
  maxInitialDelaySeconds: numberOf(entry, 'MaxRandomInitialDelay') ?? null,
  status: headerOf(entry, 'Status') ?? null,
});

const registrarOf = (entry: AmiMessage): RegistrarLimit => ({
  name: nameIn(entry),
  minimumSeconds: numberOf(entry, 'MinimumExpiration') ?? null,
  maximumSeconds: numberOf(entry, 'MaximumExpiration') ?? null,
  defaultSeconds: numberOf(entry, 'DefaultExpiration') ?? null,
});

/** `app_dial.so   Dialing Application   0   Running   core` */
export const modulesIn = (lines: readonly string[]): readonly string[] =>
  lines
    .flatMap((line) => {
      const [, name] = /^(\S+\.so)\s.*(?<!Not )\bRunning\b/.exec(line) ?? [];
      return name === undefined ? [] : [name];
    })
    .toSorted();

/** ` Transport:  transport-udp   udp   0   0  10.0.0.10:5060` */
export const transportsIn = (lines: readonly string[]): readonly PjsipTransport[] =>
  lines.flatMap((line) => {
    const [, name, bind] = /^\s*Transport:\s+(\S+)\s+(?:udp|tcp|tls|ws|wss)\s.*?(\S+:\d+)\s*$/.exec(line) ?? [];
    return name === undefined || bind === undefined ? [] : [{ name, bind }];
  });

/** `  Reg. max duration:      300 secs`, of `sip show settings`; null where chan_sip does not say. */
export const chanSipLimitIn = (lines: readonly string[]): RegistrarLimit | null => {
  const secondsOf = (which: string): number | null => {
    const found = lines.map((line) => new RegExp(`^\\s*Reg\\. ${which} duration:?\\s+(\\d+) secs`).exec(line)?.[1]);
    const seconds = found.find((each) => each !== undefined);
    return seconds === undefined ? null : Number(seconds);
  };
  const [minimumSeconds, maximumSeconds, defaultSeconds] = [secondsOf('min'), secondsOf('max'), secondsOf('default')];
  return maximumSeconds === null ? null : { name: 'chan_sip', minimumSeconds, maximumSeconds, defaultSeconds };
};

/** `sip.example.org:5060   N   user   105 Registered   …`, of `sip show registry`: what was granted, some seconds less. */
export const chanSipTrunksIn = (lines: readonly string[]): readonly OutboundRegistration[] =>
  lines.flatMap((line) => {
    const [, host, seconds, status] = /^(\S+:\d+)\s+[YN]\s+\S+\s+(\d+)\s+(\S+(?: \S+)*)/.exec(line) ?? [];
    if (host === undefined || status === undefined) return [];
    // It waits for nothing before the first.
    return [{ name: host, expirySeconds: Number(seconds), maxInitialDelaySeconds: 0, status }];
  });

const linesOf = async (ami: AmiConnection, command: string): Promise<readonly string[]> => {
  const lines = await runCommand(ami, command);
  return lines.ok ? lines.value : [];
};

const survey = async (ami: AmiConnection): Promise<Result<AsteriskSurvey>> => {
  const commands = await ami.act('ListCommands');
  if (!commands.ok) return commands;
  const settings = await ami.act('CoreSettings');
  if (!settings.ok) return settings;
  const modules = modulesIn(await linesOf(ami, 'module show'));
  const hasChanSip = modules.includes('chan_sip.so');
  const chanSip = hasChanSip ? chanSipLimitIn(await linesOf(ami, 'sip show settings')) : null;
  const chanSipTrunks = hasChanSip ? chanSipTrunksIn(await linesOf(ami, 'sip show registry')) : [];
  const trunks = await listOf(ami, 'PJSIPShowRegistrationsOutbound', 'OutboundRegistrationDetailComplete');
  const aors = await listOf(ami, 'PJSIPShowAors', 'AorListComplete');
  return ok({
    version: headerOf(settings.value.response, 'AsteriskVersion') ?? '',
    actions: actionsOf(commands.value.response),
    modules,
    registrations: [...trunks.map(registrationOf), ...chanSipTrunks],
    registrars: [...aors.map(registrarOf), ...(chanSip === null ? [] : [chanSip])],
    transports: transportsIn(await linesOf(ami, 'pjsip show transports')),
  });
};

/** One login, for as long as the visit lasts. Faults: those of `connectAmi` and `act`, `ami-secret-unreadable`, `ami-not-configured`. */
const visit = async <T>(
  { probes: { ami } }: Config,
  look: (ami: AmiConnection) => Promise<Result<T>>,
): Promise<Result<T>> => {
  if (ami === null)
    return fail('ami-not-configured', 'Asterisk’s manager is not configured.', 'Configure `probes.ami`.');
  const secret = secretOf(ami.secretFile);
  if (!secret.ok) return secret;
  const { host, port, user } = ami;
  const wait = { connectTimeoutMs: CONNECT_MS, actionTimeoutMs: ACTION_MS };
  const opened = await connectAmi({ host, port, user, secret: secret.value, events: 'off', ...wait });
  if (!opened.ok) return opened;
  try {
    return await look(opened.value);
  } finally {
    opened.value.close();
  }
};

/** Faults: those of `visit`. */
export const surveyAsterisk = (config: Config): Promise<Result<AsteriskSurvey>> => visit(config, survey);

/** The host of `sip:1001@10.0.0.21:5060;transport=udp`; null where it is a name, or nothing. */
export const hostOfContact = (uri: string): string | null => {
  const [, bracketed, plain] = /^sips?:(?:[^@]*@)?(?:\[([^\]]+)\]|([^:;>?]+))/.exec(uri) ?? [];
  const host = bracketed ?? plain ?? '';
  return isIP(host) === 0 ? null : host;
};

/** Addresses of the phones that are registered here, each once. Faults: those of `visit`. */
export const registeredHosts = (config: Config): Promise<Result<readonly string[]>> =>
  visit(config, async (ami) => {
    const contacts = await listOf(ami, 'PJSIPShowContacts', 'ContactListComplete');
    const hosts = contacts.map((entry) => hostOfContact(headerOf(entry, 'Uri') ?? ''));
    return ok([...new Set(hosts.filter((host) => host !== null))]);
  });
