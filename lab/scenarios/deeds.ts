import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '../../src/core/result.ts';
import { performEtcd } from '../etcd/acts.ts';
import { inject } from '../faults/fault.ts';
import { monotonicMs } from '../phones/clock.ts';
import { startBackupPhone } from '../xivo/backup-phone.ts';
import { dialCode, endCalls, expectLamp, hangUp, placeCall, refusedCall } from './calls.ts';
import { placeMany, storm } from './load.ts';
import type { Observers } from './observers.ts';
import type { Deed, Serving } from './scenario.ts';
import type { Undertaking } from './undertaking.ts';

/** How often the witnesses are asked while something is waited for. */
const lookEveryMs = 25;

/** Waits until the witnesses see this. Fault: `not-seen`. */
export const waitServing = async (observers: Observers, wanted: Serving, withinMs: number): Promise<Result<void>> => {
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const now = await observers.serving();
    if (!now.ok) return now;
    if (now.value === wanted) return ok(undefined);
    if (monotonicMs() >= deadlineMs) {
      return fail(
        'not-seen',
        `${wanted} was to serve within ${withinMs} ms, and ${now.value} serves`,
        'see the journals of both nodes',
      );
    }
    await sleep(lookEveryMs);
  }
};

const lastAnswersMs = 100;
/** A reader that a busy machine keeps waiting has read what came by then. */
const readWithinMs = 1000;

/** Who serves when all is done; nobody only where no answer is read for a while. */
export const servingAtEnd = async (observers: Observers): Promise<Result<Serving>> => {
  const sinceMs = monotonicMs() - lastAnswersMs;
  for (;;) {
    const seen = await observers.serving(monotonicMs() - sinceMs);
    if (!seen.ok || seen.value !== 'nobody' || monotonicMs() - sinceMs > readWithinMs) return seen;
    await sleep(lookEveryMs);
  }
};

const doOrder = async ({ pair }: Undertaking, deed: Extract<Deed, { do: 'order' }>): Promise<Result<void>> => {
  const outcome = await pair.order(deed.on, deed.argv);
  if (!outcome.ok) return outcome;
  const wanted = deed.exit ?? 0;
  if (wanted === 'any' || outcome.value.code === wanted) return ok(undefined);
  const { code, stdout, stderr } = outcome.value;
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(0, 3).join(' | ');
  const command = `dualtone ${deed.argv.join(' ')}`;
  return fail(
    'order-other',
    `"${command}" on the ${deed.on} ended with ${code}, not ${wanted}: ${said}`,
    'try it by hand',
  );
};

const execute = async ({ pair }: Undertaking, deed: Extract<Deed, { do: 'exec' }>): Promise<Result<void>> => {
  const options = {
    ...(deed.input === undefined ? {} : { input: deed.input }),
    ...(deed.withinMs === undefined ? {} : { timeoutMs: deed.withinMs }),
  };
  if (deed.refusal === undefined) {
    const done = await pair.lab.host(deed.on).execChecked(deed.argv, options);
    return done.ok ? ok(undefined) : done;
  }
  const tried = await pair.lab.host(deed.on).exec(deed.argv, options);
  if (!tried.ok) return tried;
  const said = `${tried.value.stdout}${tried.value.stderr}`;
  if (tried.value.code !== 0 && deed.refusal.says.test(said)) return ok(undefined);
  const { what } = deed.refusal;
  return fail(
    'not-as-expected',
    `${what}: exit ${tried.value.code}, ${JSON.stringify(said.slice(-400))}`,
    'try it by hand',
  );
};

const expectOutput = async (run: Undertaking, deed: Extract<Deed, { do: 'expect' }>): Promise<Result<void>> => {
  const { pair } = run;
  const { what, on, argv, input, says, withinMs } = deed;
  const deadlineMs = monotonicMs() + withinMs;
  for (;;) {
    const done = await pair.lab.host(on).exec(argv, input === undefined ? {} : { input });
    // It may be booting, turned on by a device.
    if (!done.ok && done.error.code !== 'host-off') return done;
    const said = done.ok ? `${done.value.stdout}${done.value.stderr}`.trim() : done.error.message;
    const fits = done.ok ? says.exec(said) : null;
    if (fits !== null) {
      const tookMs = fits.groups?.['tookMs'];
      if (tookMs !== undefined) run.backupPhoneMs = Number(tookMs);
      return ok(undefined);
    }
    if (monotonicMs() >= deadlineMs) {
      return fail(
        'not-as-expected',
        `${what} within ${withinMs} ms: it says ${JSON.stringify(said.slice(0, 200))}`,
        'try it by hand',
      );
    }
    await sleep(lookEveryMs);
  }
};

const countCommands = async ({ pair }: Undertaking, deed: Extract<Deed, { do: 'commands' }>): Promise<Result<void>> => {
  const seen = await pair.lab.host(deed.on).commands(deed.forMs);
  if (!seen.ok) return seen;
  if (seen.value.length <= deed.most) return ok(undefined);
  const times = [...Map.groupBy(seen.value, (program) => program)].map(([name, all]) => `${name} ${all.length}`);
  const told = `${seen.value.length} programs in ${deed.forMs} ms, at most ${deed.most} expected: ${times.join(', ')}`;
  return fail('not-as-expected', `the ${deed.on} started ${told}`, 'see who starts them');
};

const beginBackupPhone = async (run: Undertaking): Promise<Result<void>> => {
  const begun = await startBackupPhone(run.pair.lab, run.pair.pbx);
  if (!begun.ok) return begun;
  run.backupPhone = begun.value;
  return ok(undefined);
};

const doMany = async (run: Undertaking, deed: Extract<Deed, { do: 'calls' | 'storm' }>): Promise<Result<void>> => {
  if (deed.do === 'calls') {
    run.hasManyCalls = true;
    return await placeMany(run.observers, deed.count, deed.aSecond);
  }
  const stormed = storm(run.observers, run.load, deed.aSecond);
  run.background.push(stormed.then((report) => (report.ok ? ok(undefined) : report)));
  return ok(undefined);
};

const backupPhoneIsAt = async (
  run: Undertaking,
  deed: Extract<Deed, { do: 'backup-phone-at' }>,
): Promise<Result<void>> => {
  const found = await run.backupPhone?.expect(deed.role, deed.withinMs, deed.mostMs);
  if (found === undefined)
    return fail('not-as-expected', 'no telephone with a backup registrar was begun', 'see the scenario');
  if (!found.ok) return found;
  run.backupPhoneMs = found.value;
  return ok(undefined);
};

/** Does one deed of a scenario. Faults: those of what it does, `not-seen`, `order-other`, `mend-unknown`. */
export const perform = async (run: Undertaking, deed: Deed): Promise<Result<void>> => {
  const { lab } = run.pair;
  switch (deed.do) {
    case 'fault': {
      const begun = await inject(lab, deed.fault);
      if (!begun.ok) return begun;
      run.mendByName.set(deed.as ?? deed.fault.kind, begun.value);
      return ok(undefined);
    }
    case 'mend': {
      const mend = run.mendByName.get(deed.name);
      run.mendByName.delete(deed.name);
      return (await mend?.()) ?? fail('mend-unknown', `nothing called ${deed.name} is under way`, 'see the scenario');
    }
    case 'boot':
      return await lab.boot(deed.hosts);
    case 'order': {
      if (deed.inBackground !== true) return await doOrder(run, deed);
      run.background.push(doOrder(run, deed));
      return ok(undefined);
    }
    case 'systemctl': {
      const done = await lab.host(deed.on).execChecked(['systemctl', ...deed.argv]);
      return done.ok ? ok(undefined) : done;
    }
    case 'exec':
      return await execute(run, deed);
    case 'expect':
      return await expectOutput(run, deed);
    case 'backup-phone':
      return await beginBackupPhone(run);
    case 'backup-phone-at':
      return await backupPhoneIsAt(run, deed);
    case 'commands':
      return await countCommands(run, deed);
    case 'wait':
      return await waitServing(run.observers, deed.serving, deed.withinMs);
    case 'pause':
      await sleep(deed.ms);
      return ok(undefined);
    case 'etcd':
      return await performEtcd(lab, deed.act, run.etcd);
    case 'call':
      return await placeCall(run, deed);
    case 'dial':
      return await dialCode(run, deed);
    case 'refused-call':
      return await refusedCall(run, deed);
    case 'hang-up':
      return await hangUp(run);
    case 'calls':
    case 'storm':
      return await doMany(run, deed);
    case 'lamp':
      return await expectLamp(run, deed);
  }
};

/** Ends every fault, the latest first, and lets the dark hosts boot. The first fault is told, all are tried. */
export const mendAll = async (run: Undertaking): Promise<Result<void>> => {
  const results: Result<void>[] = [await run.pair.lab.network.mend()];
  for (const [name, mend] of [...run.mendByName].toReversed()) {
    run.mendByName.delete(name);
    const mended = await mend();
    // A scenario may have booted the host already.
    if (mended.ok || mended.error.code !== 'host-on') results.push(mended);
  }
  run.backupPhone?.stop();
  await endCalls(run);
  // The other end of a call may be gone with its server: nobody answers then, and it is over all the same.
  if (run.hasManyCalls === true) await run.observers.phones.ask('hangUpAll', null);
  results.push(await run.pair.lab.boot());
  return results.find((result) => !result.ok) ?? ok(undefined);
};
