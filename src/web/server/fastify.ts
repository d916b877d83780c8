/** Fastify as this server uses it: JSON alone, small bodies, no trust in what proxies say, mistakes told without their inside. */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { fail } from '../../core/result.ts';
import { sendFault } from './answers.ts';

export type { FastifyInstance, FastifyReply, FastifyRequest };

const FAULT_BY_CODE: Readonly<Record<string, readonly [string, string, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['request-too-large', 'The request is too large.', 'Send less at once.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['request-type', 'The request is not JSON.', 'Send it as application/json.'],
};

const onError = (error: unknown, _: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const { code = '', statusCode = 500 } = error as { readonly code?: string; readonly statusCode?: number };
  const known = FAULT_BY_CODE[code];
  if (known !== undefined) return sendFault(reply, fail(...known).error);
  if (statusCode < 500)
    return sendFault(
      reply,
      fail('request-invalid', 'The request is not understood.', 'See /api/v1/openapi.json.').error,
    );
  process.stderr.write(`dualtone web: ${error instanceof Error ? error.stack : String(error)}\n`);
  return sendFault(reply, fail('server-mistake', 'The server made a mistake.', 'Report it, with its log.').error);
};

/** It listens nowhere: requests come by `routing`. */
export const createFastify = (bodyBytes: number): FastifyInstance => {
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytes,
    trustProxy: false,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 64, caseSensitive: true, ignoreTrailingSlash: false },
    // What its own parser of addresses refuses.
    frameworkErrors: (_, __, reply) =>
      void sendFault(
        reply as FastifyReply,
        fail('request-invalid', 'The address is not understood.', 'See /api/v1/openapi.json.').error,
      ),
  });
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(onError);
  return app;
};
