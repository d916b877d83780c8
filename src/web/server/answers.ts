/** From results and faults to HTTP. */
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { type Fault, fail, type Result } from '../../core/result.ts';
import type { FieldError } from '../contract.ts';
import type { Reply } from './link.ts';

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  'login-needed': 401,
  'login-refused': 401,
  'role-too-low': 403,
  'request-forged': 403,
  'login-too-often': 429,
  'request-too-often': 429,
  'web-busy': 503,
  'agent-unreachable': 503,
  'agent-silent': 503,
  'agent-gone': 503,
  'agent-stopped': 503,
  'not-found': 404,
  'alarms-off': 404,
  'checks-off': 404,
  'no-streams': 404,
  'settings-unheard': 503,
  'settings-late': 503,
  'settings-busy': 503,
  'public-off': 404,
  'drills-off': 404,
  'drill-unknown': 404,
  'drill-other-silent': 503,
  'journal-missing': 404,
  'request-invalid': 400,
  'request-too-large': 413,
  'request-type': 415,
  'method-wrong': 405,
  'server-mistake': 500,
  'api-garbage': 400,
};

/** What the state of things refuses is a conflict. */
export const statusOf = (code: string): number => STATUS_BY_CODE[code] ?? 409;

export const sendFault = (
  reply: FastifyReply,
  fault: Fault & { readonly fields?: readonly FieldError[] },
  retryAfterMs = 0,
): FastifyReply => {
  if (retryAfterMs > 0) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  if (fault.code === 'login-needed') reply.header('www-authenticate', 'Bearer realm="dualtone"');
  return reply.code(statusOf(fault.code)).send({ error: fault });
};

export const sendReply = (reply: FastifyReply, { result, retryAfterMs }: Reply, status = 200): FastifyReply => {
  if (!result.ok) return sendFault(reply, result.error, retryAfterMs);
  return status === 204 ? reply.code(204).send() : reply.code(status).send(result.value);
};

const MOST_FIELDS = 20;

/** Every field that is wrong, and why. */
export const invalid = (error: z.ZodError): Fault & { readonly fields: readonly FieldError[] } => ({
  ...fail(
    'request-invalid',
    `The request is not understood: ${error.issues[0]?.message ?? 'it is empty'}.`,
    'See `fields`, and /api/v1/openapi.json.',
  ).error,
  fields: error.issues
    .slice(0, MOST_FIELDS)
    .map(({ path, message }) => ({ path: path.join('.').slice(0, 100), message: message.slice(0, 300) })),
});

export const parsed = <T>(
  schema: z.ZodType<T>,
  input: unknown,
): Result<T> & { readonly fields?: readonly FieldError[] } => {
  const read = schema.safeParse(input);
  if (read.success) return { ok: true, value: read.data };
  const { fields, ...error } = invalid(read.error);
  return { ok: false, error, fields };
};
