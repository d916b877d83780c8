import { z } from 'zod';
import { absolutePath, address, cidr, duration, port } from './scalars.ts';

const DEFAULT_WEB_PORT = 8443;

const MOST_SESSION_MS = 90 * 86_400_000;

/** The web server beside the agent: API, page, health, metrics. */
export const webSchema = z
  .strictObject({
    listen: z
      .array(
        z.strictObject({
          address: address().describe('An address of this machine; `0.0.0.0` or `::` for all.'),
          port: port().default(DEFAULT_WEB_PORT).describe('TCP port, HTTPS only.'),
        }),
      )
      .max(8)
      .prefault([])
      .describe('Where it listens; nowhere by default, and then it does not run.'),
    certificate: absolutePath()
      .nullable()
      .prefault(null)
      .describe(
        'Certificate with its chain (PEM); null: one of its own, made at the first start. Read again when it changes.',
      ),
    key: absolutePath()
      .nullable()
      .prefault(null)
      .describe('Its key (PEM), mode 0600; given together with `certificate`.'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'the name of a user of this machine')
      .default('nobody')
      .describe('Who the process that faces the network runs as, after it has begun to listen.'),
    session: duration(60_000, MOST_SESSION_MS).prefault('12h').describe('A login ends after so long, 90 days at most.'),
    public: z
      .boolean()
      .default(true)
      .describe('A page without login tells users which address to use now, and nothing else.'),
    'metrics-from': z.array(cidr()).max(32).prefault([]).describe('Networks that may read `/metrics` without a token.'),
  })
  .prefault({})
  .describe('API and page for people and programs. See docs/api.md.');
