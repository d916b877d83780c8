/** Checks of the way to the phones: one that the passive node cannot reach would be lost by a takeover. */
import type { Result } from '../../core/result.ts';
import { ok } from '../../core/result.ts';
import type { Run } from '../../process/run.ts';
import { type Definition, failed, notApplicable, passed, unknown } from '../check.ts';

/** So many are tried: phones share their networks, and nobody wants a flood of pings. */
const SAMPLE = 5;

/** Spread over all of them, so that each network has a chance. */
const sampleOf = (hosts: readonly string[]): readonly string[] => {
  const sorted = hosts.toSorted();
  const step = Math.max(1, Math.ceil(sorted.length / SAMPLE));
  return sorted.filter((_, at) => at % step === 0);
};

/** The first host to which the kernel knows no way; null where there is none such. Faults: those of `run`. */
const withoutWay = async (run: Run, hosts: readonly string[], signal: AbortSignal): Promise<Result<string | null>> => {
  for (const host of hosts) {
    const asked = await run(['ip', 'route', 'get', host], { timeoutMs: 3000, signal });
    if (!asked.ok) return asked;
    if (asked.value.exitCode !== 0) return ok(host);
  }
  return ok(null);
};

const phonesReachable: Definition = {
  id: 'phones-reachable',
  about: 'This node reaches the phones that are registered: there is a way to their network, and some of them answer.',
  severity: 'warning',
  scope: 'node',
  everyMs: 15 * 60_000,
  timeoutMs: 20_000,
  remedy: "Give this node the other's routes (`ip route`), and let the phones' network reach both nodes.",
  try: async ({ phones, run }, signal) => {
    const asked = await phones();
    if (!asked.ok) return unknown(asked.error.message);
    const sample = sampleOf(asked.value);
    if (sample.length === 0) return notApplicable('no phone is registered');
    const lost = await withoutWay(run, sample, signal);
    if (!lost.ok) return unknown(lost.error.message);
    if (lost.value !== null) return failed(`there is no way to the phone at ${lost.value}`);
    const pinged = await run(['fping', '-a', '-q', '-r', '1', '-t', '500', ...sample], { timeoutMs: 10_000, signal });
    if (!pinged.ok) return unknown(pinged.error.message);
    const alive = pinged.value.stdout.split('\n').filter((line) => sample.includes(line.trim())).length;
    const of = `of ${sample.length} phones that were tried`;
    return alive > 0
      ? passed(`${alive} ${of} answer pings`)
      : unknown(`there is a way to all, and none ${of} answers pings: many phones never do`);
  },
};

export const phoneChecks: readonly Definition[] = [phonesReachable];
