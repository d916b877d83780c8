import { z } from 'zod';
import { absolutePath, duration, port } from './scalars.ts';

/** As in nrpe.cfg; arguments are not sent, since a daemon refuses them unless it was told otherwise. */
const command = () =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'the name of a command in nrpe.cfg, without arguments');

const tlsSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('anonymous').describe('`anonymous`: as Debian ships it; encrypted, to anybody.'),
    }),
    z.strictObject({ kind: z.literal('off').describe('`off`: in plain (`nrpe -n`).') }),
    z.strictObject({
      kind: z
        .literal('certificate')
        .describe('`certificate`: the daemon shows one, and this node too where it has one.'),
      'authority-file': absolutePath().describe('PEM file of who signed the certificate of the daemon.'),
      'certificate-file': absolutePath()
        .nullable()
        .prefault(null)
        .describe("PEM file of this node's own certificate; null: it shows none."),
      'key-file': absolutePath().nullable().prefault(null).describe('PEM file of its key, mode 0600.'),
      name: z
        .string()
        .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'the name of a host')
        .nullable()
        .prefault(null)
        .describe("What the daemon's certificate must be for; null: its address."),
    }),
  ])
  .prefault({ kind: 'anonymous' })
  .describe('How the connection is encrypted.');

/** How an NRPE daemon is asked. */
export const nrpeSchema = z
  .strictObject({
    port: port().default(5666).describe('Its port.'),
    command: command().describe(
      'Its command that asks the main, such as `check_http` of its `/health/active` (docs/nrpe.md): OK and WARNING say that it is reached, CRITICAL that it is not, UNKNOWN nothing.',
    ),
    control: command()
      .nullable()
      .prefault(null)
      .describe(
        'A command that asks something else, such as its own gateway: where that fails too, CRITICAL says nothing.',
      ),
    version: z
      .enum(['auto', 'v4', 'v2'])
      .default('auto')
      .describe('Version of the protocol. `auto`: 4, and 2 where the daemon is older.'),
    tls: tlsSchema,
    timeout: duration(100).prefault('5s').describe('How long one answer may take, its plugin included.'),
  })
  .nullable()
  .prefault(null)
  .describe('How it is asked; `nrpe` only.');

/** How many NRPE checkpoints must agree. */
export const needSchema = z
  .union([z.enum(['all', 'majority']), z.int().min(1).max(9)])
  .optional()
  .describe(
    'How many `nrpe` checkpoints must say that they do not reach the main: `all`, `majority`, or a number; with preset `remsys` all, else a majority, if absent.',
  );
