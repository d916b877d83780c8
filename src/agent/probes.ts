/** From the configuration to the probes that look at this node. */
import { type CallLine, listCalls } from '../ami/calls.ts';
import { connectAmi } from '../ami/connection.ts';
import { type Config, runsAlways } from '../config/config.ts';
import type { Sample } from '../core/event.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { lookAtSecret } from '../files/secret.ts';
import type { Clock } from '../ports.ts';
import { createAmiProbe } from '../probes/ami.ts';
import type { WatchedProbe } from '../probes/answer.ts';
import { createCommandProbe } from '../probes/command.ts';
import { createIcmpProbe, type IcmpTarget } from '../probes/icmp.ts';
import { createLinkProbe } from '../probes/link.ts';
import { createServiceProbe } from '../probes/service.ts';
import { createSipProbe } from '../probes/sip.ts';
import { spawnLines } from '../probes/spawn-lines.ts';
import { createTcpProbe } from '../probes/tcp.ts';
import { asAlways } from './priority.ts';

/** The manager's account of this node's Asterisk; null where `probes.ami` is. Fails with `ami-secret-unreadable`. */
export const managerOf = (
  config: Config,
): Result<{ readonly host: string; readonly port: number; readonly user: string; readonly secret: string } | null> => {
  const { ami } = config.probes;
  if (ami === null) return ok(null);
  const secret = lookAtSecret(ami.secretFile);
  if (secret.ok) return ok({ host: ami.host, port: ami.port, user: ami.user, secret: secret.text.trim() });
  return fail(
    'ami-secret-unreadable',
    `the secret of the manager, ${ami.secretFile}, cannot be read: ${secret.why}`,
    'write the secret of manager.conf into it, mode 0600, or set probes.ami to null',
  );
};

/** Asks once, by a connection of its own: what is asked each period must not wait. Faults: those of `connectAmi` and `listCalls`. */
export const callsOf = (manager: Extract<ReturnType<typeof managerOf>, { ok: true }>['value']) =>
  manager === null
    ? null
    : async (): Promise<Result<readonly CallLine[]>> => {
        const wait = { connectTimeoutMs: CALLS_MS, actionTimeoutMs: CALLS_MS };
        const opened = await connectAmi({ ...manager, ...wait, events: 'off' });
        if (!opened.ok) return opened;
        const calls = await listCalls(opened.value);
        opened.value.close();
        return calls;
      };

const CALLS_MS = 2000;

/** Pings of one pace and one timeout share one fping. */
const pings = (config: Config, clock: Clock): readonly WatchedProbe[] => {
  const { probes, network, arbiter } = config;
  const targets: { readonly target: IcmpTarget; readonly periodMs: number; readonly timeoutMs: number }[] = [];
  const add = (probe: string, address: string, about: Sample['about'], periodMs: number, timeoutMs: number): void => {
    targets.push({ target: { probe, address, about }, periodMs, timeoutMs });
  };
  if (network.gateway !== null) add('gateway', network.gateway, 'network', probes.periodMs, probes.timeoutMs);
  if (arbiter.kind === 'checkpoints') {
    for (const { kind, name, address } of arbiter.checkpoints) {
      if (kind === 'ping') add(`ping-${name}`, address, 'network', probes.periodMs, probes.timeoutMs);
    }
  }
  for (const { name, host, about, periodMs, timeoutMs } of probes.icmp) add(name, host, about, periodMs, timeoutMs);
  const groups = Map.groupBy(targets, ({ periodMs, timeoutMs }) => `${periodMs} ${timeoutMs}`);
  return [...groups.values()].map((group, index) => {
    const { periodMs = probes.periodMs, timeoutMs = probes.timeoutMs } = group[0] ?? {};
    const options = { name: `fping-${index + 1}`, targets: group.map((each) => each.target), periodMs, timeoutMs };
    return createIcmpProbe(options, clock, spawnLines);
  });
};

/** How often services that are well are asked where the manager is asked all the time: it tells of a dead Asterisk within milliseconds. */
const WATCHED_BY_MANAGER_MS = 30_000;

/** How often the manager is asked while it is well and SIP is asked all the time; calls are counted as often. */
const WATCHED_BY_SIP_MS = 500;

/** Services that run on a passive node too are looked at always; the others only speak while the core expects them. */
const services = (config: Config, clock: Clock): readonly WatchedProbe[] => {
  const { service } = config.probes;
  if (!service.enabled) return [];
  return config.services.flatMap((each): readonly WatchedProbe[] => {
    // With a cold telephony the core itself knows when it is off; a service for the active node alone is the plan's affair.
    if (each.when === 'active' || (each.when === 'telephony' && config.telephony === 'cold')) return [];
    const { periodMs, timeoutMs } = service;
    const pace = { periodMs, timeoutMs };
    const wellEveryMs = config.probes.ami === null ? undefined : WATCHED_BY_MANAGER_MS;
    const about = runsAlways(each, config.telephony) ? ('telephony' as const) : ('optional' as const);
    if ('unit' in each) {
      return [
        createServiceProbe({ probe: `service-${each.unit}`, about, units: [each.unit], ...pace, wellEveryMs }, clock),
      ];
    }
    if ('init' in each) {
      const argv = [`/etc/init.d/${each.init}`, 'status'];
      return [
        createCommandProbe({ probe: `service-${each.init}`, about, argv, exits: 'lsb', ...pace }, clock, asAlways()),
      ];
    }
    if ('command' in each) {
      const { name, status } = each.command;
      return [
        createCommandProbe({ probe: `service-${name}`, about, argv: status, exits: 'lsb', ...pace }, clock, asAlways()),
      ];
    }
    return [];
  });
};

/** Everything that looks at this node: its telephony, optional parts, its own network. */
export const probesOf = (
  config: Config,
  manager: { readonly host: string; readonly port: number; readonly user: string; readonly secret: string } | null,
  clock: Clock,
): readonly WatchedProbe[] => {
  const { probes, network } = config;
  const all: WatchedProbe[] = [];
  if (probes.ami !== null && manager !== null) {
    const { periodMs, timeoutMs, about } = probes.ami;
    const watched = probes.sip.some((sip) => sip.about === about && sip.periodMs <= periodMs);
    const wellEveryMs = watched ? Math.max(periodMs, WATCHED_BY_SIP_MS) : undefined;
    all.push(createAmiProbe({ probe: 'ami', about, periodMs, timeoutMs, manager, wellEveryMs }, clock));
  }
  for (const { name, ...rest } of probes.sip) {
    all.push(createSipProbe({ ...rest, probe: name ?? `sip-${rest.transport}` }, clock));
  }
  for (const { name, ...rest } of probes.tcp) all.push(createTcpProbe({ ...rest, probe: name }, clock));
  for (const { name, run, ...rest } of probes.command) {
    all.push(createCommandProbe({ ...rest, probe: name, argv: run, exits: 'plain' }, clock, asAlways()));
  }
  if (network.interface !== null) {
    const pace = { periodMs: probes.periodMs, timeoutMs: probes.timeoutMs };
    all.push(createLinkProbe({ probe: 'link', about: 'network', interface: network.interface, ...pace }, clock));
  }
  return [...all, ...pings(config, clock), ...services(config, clock)];
};
