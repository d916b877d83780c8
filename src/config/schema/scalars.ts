import { isIP, isIPv4 } from 'node:net';
import { Cron } from 'croner';
import { z } from 'zod';

/** A span of time as the schema hands it on; `flatten` turns key `hold` into `holdMs`. */
export interface Duration {
  readonly ms: number;
}

/** A number of bytes as the schema hands it on; `flatten` turns key `max-size` into `maxSizeBytes`. */
export interface Size {
  readonly bytes: number;
}

const MS_BY_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES_BY_UNIT: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const TEN_YEARS_MS = 3650 * 86_400_000;

/** What a custom check says: `message` after the key's name, and the next step. */
const wrong = (ctx: z.core.$RefinementCtx, message: string, remedy: string): typeof z.NEVER => {
  ctx.issues.push({ code: 'custom', message, params: { remedy }, input: ctx.value });
  return z.NEVER;
};

const measure = (text: string, unitTable: Readonly<Record<string, number>>): number | null => {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([A-Za-z]+)$/.exec(text);
  const factor = unitTable[match?.[2] ?? ''];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
};

/** Milliseconds of `100ms`, `1.5s`, `30m`, `1h`, `2d`; null where the text is not a duration. */
export const parseDuration = (text: string): number | null => {
  const ms = measure(text, MS_BY_UNIT);
  return ms === null || ms > TEN_YEARS_MS ? null : ms;
};

const written = (amount: number, unitTable: Readonly<Record<string, number>>, smallest: string): string => {
  const fitting = Object.entries(unitTable).filter(([, factor]) => amount % factor === 0);
  const [unit, factor] = (amount === 0 ? undefined : fitting.at(-1)) ?? [smallest, 1];
  return `${amount / factor}${unit}`;
};

/** The shortest way to write a span: `600ms`, `60s` as `1m`, `0` as `0ms`. */
export const printDuration = (ms: number): string => written(ms, MS_BY_UNIT, 'ms');

/** The shortest way to write a size: `64MiB`. */
export const printSize = (bytes: number): string => written(bytes, BYTES_BY_UNIT, 'B');

const BARE = 'a number without a unit says nothing: write 100ms, 60s, 30m, 1h or 2d';

/** A duration of at least `minMs`, and at most `mostMs` where a longer one would be a slip. */
export const duration = (minMs = 0, mostMs = TEN_YEARS_MS) =>
  z
    .string({ error: (issue) => (typeof issue.input === 'number' ? BARE : undefined) })
    .meta({ format: 'duration' })
    .transform((text, ctx): Duration => {
      const ms = parseDuration(text);
      if (ms === null) return wrong(ctx, `"${text}" is not a duration`, 'write for example 100ms, 60s, 30m, 1h or 2d');
      if (ms < minMs) return wrong(ctx, `${text} is too short`, `give at least ${printDuration(minMs)}`);
      if (ms > mostMs) return wrong(ctx, `${text} is too long`, `give at most ${printDuration(mostMs)}`);
      return { ms };
    });

/** A size such as `64MiB`. */
export const size = (minBytes = 0) =>
  z
    .string({ error: (issue) => (typeof issue.input === 'number' ? 'write the unit: 64MiB, 1GiB' : undefined) })
    .meta({ format: 'size' })
    .transform((text, ctx): Size => {
      const bytes = measure(text, BYTES_BY_UNIT);
      if (bytes === null) return wrong(ctx, `"${text}" is not a size`, 'write for example 512KiB, 64MiB or 1GiB');
      if (bytes < minBytes) return wrong(ctx, `${text} is too small`, `give at least ${printSize(minBytes)}`);
      return { bytes: Math.floor(bytes) };
    });

const checked = (format: string, test: (text: string) => boolean, what: string, remedy: string) =>
  z
    .string()
    .meta({ format })
    .check((ctx) => {
      if (!test(ctx.value)) {
        ctx.issues.push({
          code: 'custom',
          message: `"${ctx.value}" is not ${what}`,
          params: { remedy },
          input: ctx.value,
        });
      }
    });

const comesDue = (at: string): boolean => {
  try {
    // Never started: it is only read.
    return new Cron(at, { paused: true, mode: '5-part' }).nextRun() !== null;
  } catch {
    return false;
  }
};

/** Times as in a crontab, in local time, of which one is still to come. */
export const schedule = () =>
  checked(
    'schedule',
    (text) => text.length <= 100 && comesDue(text),
    'a schedule, or never comes due',
    'write minute, hour, day, month, weekday, as in a crontab: `0 * * * *` is each full hour, `0 3 * * sun` Sundays at three',
  );

/** IPv4 or IPv6, numeric: a name would make the pair depend on a name server. */
export const address = () =>
  checked(
    'address',
    (text) => isIP(text) !== 0 && !text.includes('%'),
    'an IPv4 or IPv6 address',
    'write the address in numbers, such as 10.0.0.1 or fd00::1',
  );

/** An address with its prefix length, such as 10.0.0.10/24. */
export const cidr = () =>
  checked(
    'cidr',
    (text) => {
      const [host = '', prefix = '', ...rest] = text.split('/');
      if (rest.length > 0 || isIP(host) === 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
      return Number(prefix) >= 1 && Number(prefix) <= (isIPv4(host) ? 32 : 128);
    },
    'an address with its prefix length',
    'write for example 10.0.0.10/24 or fd00::10/64',
  );

/** The name of a node, checkpoint, probe or hook: short, so that it fits every datagram and every line. */
export const name = () =>
  checked(
    'name',
    (text) => /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/.test(text),
    'a name',
    'use 1 to 32 lower-case letters, digits, dots, dashes or underscores, beginning and ending with a letter or digit',
  );

/** What another machine's own key is known by. */
export const pin = () =>
  checked(
    'pin',
    (text) => /^sha256:[A-Za-z0-9_-]{43}$/.test(text),
    "the pin of a machine's key",
    'leave it to `dualtone join`, or copy it from `dualtone pairing` there',
  );

/** A network interface as the kernel names it. */
export const networkInterface = () =>
  checked(
    'interface',
    (text) => /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/.test(text),
    'the name of a network interface',
    'see the list of `ip link`; at most 15 characters',
  );

/** A path from the root. */
export const absolutePath = () =>
  checked(
    'path',
    (text) => text.startsWith('/') && !text.includes('\0') && !text.split('/').includes('..'),
    'an absolute path',
    'begin with a slash, without ".."',
  );

/** A systemd unit with its suffix. */
export const unitName = () =>
  checked(
    'unit',
    (text) => /^[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,240}\.(service|target|socket|timer)$/.test(text),
    'a systemd unit',
    'write the whole name, such as asterisk.service',
  );

/** A script below /etc/init.d. */
export const scriptName = () =>
  checked(
    'script',
    (text) => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$/.test(text),
    'the name of an init script',
    'write the name of the file below /etc/init.d, without a path',
  );

/** A program and its arguments; never a shell line. */
export const argv = () =>
  z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(64)
    .check((ctx) => {
      const program = ctx.value[0];
      if (program === undefined || program.startsWith('/')) return;
      ctx.issues.push({
        code: 'custom',
        message: `"${program}" is not an absolute path`,
        params: { remedy: 'give the program with its whole path, then each argument as an entry of its own' },
        input: ctx.value,
      });
    });

/** A UDP or TCP port. */
export const port = () => z.int().min(1).max(65_535);

/** A range of ports, `10000-20000`, or one, `10000`. */
export const portRange = () =>
  checked(
    'port-range',
    (text) => {
      const match = /^([1-9]\d{0,4})-([1-9]\d{0,4})$/.exec(text);
      return match !== null && Number(match[1]) <= Number(match[2]) && Number(match[2]) <= 65_535;
    },
    'a range of ports',
    'write the lowest and the highest, such as 10000-20000',
  );
