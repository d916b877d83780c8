/** The API's own description (OpenAPI 3.1), made of the routes and their schemas. */
import { z } from 'zod';
import { COOKIE } from './headers.ts';
import { ROUTES, type Route, WORK_ROLES } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

const schemaOf = (schema: z.ZodType): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) as Json;
  return rest;
};

const faultSchema: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'remedy'],
      properties: {
        code: { type: 'string', description: 'Stable; docs/faults.md has them all.' },
        message: { type: 'string' },
        remedy: { type: 'string', description: 'The next step.' },
        fields: {
          type: 'array',
          items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
        },
      },
    },
  },
};

const FAULT = {
  description: 'Refused.',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Fault' } } },
};

const queryOf = (query: z.ZodType): readonly Json[] => {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
};

const pathOf = (path: string): string => path.replaceAll(/:([a-z]+)/g, '{$1}');

const parametersOf = ({ path, query }: Route): readonly Json[] => [
  ...[...path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })),
  ...(query === null ? [] : queryOf(query)),
];

const roleText = ({ needs }: Route): string => {
  if (needs === null) return 'Anybody.';
  if (needs !== 'work') return `Role ${needs}.`;
  return `Role by the work: ${Object.entries(WORK_ROLES)
    .map(([name, role]) => `${name} ${role}`)
    .join(', ')}.`;
};

const contentOf = ({ answers, path }: Route): Json => {
  if (path.endsWith('/events')) return { 'text/event-stream': {} };
  if (path === '/metrics') return { 'text/plain': {} };
  if (path.endsWith('/export')) return { 'application/x-ndjson': {} };
  return answers === '' ? {} : { 'application/json': { schema: { description: answers } } };
};

const operationOf = (route: Route): Json => {
  const { summary, answers, needs, body, status = 200 } = route;
  return {
    summary,
    description: roleText(route),
    parameters: parametersOf(route),
    ...(needs === null ? { security: [] } : {}),
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      [status]: { description: answers === '' ? 'Done.' : answers, content: contentOf(route) },
      default: FAULT,
    },
  };
};

export const openApi = (version: string): Json => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const path = pathOf(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Dualtone',
      version,
      description:
        'Types of the answers: src/web/contract.ts. Requests that change something and come with the cookie carry the header x-dualtone: 1.',
    },
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: COOKIE },
      },
      schemas: { Fault: faultSchema },
    },
  };
};
