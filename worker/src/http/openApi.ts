/** The description of the API at `/openapi.json` and its page at `/docs`, made from the routes themselves. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifySchema, RawServerDefault, RouteOptions } from 'fastify'
import Type from 'typebox'
import type { Logger } from '../log.ts'
import type { ProblemType } from './problem.ts'
import { describedTables } from './describedTables.ts'
import { withExamples } from './examples.ts'
import { nameSchemas } from './namedSchemas.ts'
import { problemTitle, problemUri, ProblemView, statusOf } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What this route may answer beside what every route may. */
    problems?: readonly ProblemType[]
  }
}

const TAGS = [
  { name: 'Batches', description: 'Mails to many recipients, and what became of each.' },
  { name: 'Recipients', description: 'What became of each, with every attempt and the words of the server.' },
  {
    name: 'Dead letters',
    description: 'Parts of batches that could not be handled, put aside for a person.',
  },
  { name: 'Audit', description: 'Who did what.' },
  { name: 'Suppressions', description: 'Addresses that nothing is sent to.' },
]
const EVERYWHERE: readonly ProblemType[] = ['too-many-requests', 'internal', 'unavailable']
const WITH_TOKEN: readonly ProblemType[] = ['unauthorized', 'forbidden']
const WITH_BODY: readonly ProblemType[] = [
  'malformed-json',
  'request-timeout',
  'invalid-request',
  'request-too-large',
  'unsupported-media-type',
]

const IdempotencyKey = Type.Object({
  'idempotency-key': Type.String({
    minLength: 1,
    examples: ['"order-4711"'],
    description: 'At most 255 characters, quoted or bare; the same key gets the same answer for 24 hours.',
  }),
})

type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, TypeBoxTypeProvider>

/** Before any route, so that it sees them all. */
export async function describeApi(server: Api): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'BatchSender',
        description: `Takes batches of e-mail and tells of every recipient what became of it.\n\n${describedTables()}`,
        version: 'v1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This worker.' }],
      tags: TAGS,
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'An API token.' } },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: described(schema, route), url }),
    transformObject: (given) => {
      if (!('openapiObject' in given)) return given.swaggerObject
      const { document, schemas } = nameSchemas(withExamples(given.openapiObject))
      const { components } = document
      return { ...document, components: { ...components, schemas: { ...schemas } } } as typeof document
    },
  })
  await server.register(async (pages) => {
    pages.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' }
    })
    pages.get('/openapi.json', { schema: { hide: true } }, () => server.swagger())
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      // Where the API is plain HTTP, behind a gateway or in a cluster, its own scripts would be asked for by HTTPS.
      transformStaticCSP: (header) => header.replace(/ *upgrade-insecure-requests;?/, ''),
      uiConfig: { validatorUrl: null, url: '/openapi.json' },
    })
  })
}

/** The schema of a route with all its problems, what asks for a token, and the key that is checked by hand. */
function described(schema: FastifySchema = {}, { config = {} }: RouteOptions): FastifySchema {
  const { scope, access, problems = [] } = config
  return {
    ...schema,
    ...(access === undefined && { security: [{ token: [] }] }),
    ...(scope !== undefined && { description: `Scope: \`${scope}\`.` }),
    ...(problems.includes('idempotency-key-missing') && { headers: IdempotencyKey }),
    response: {
      ...(schema.response as object | undefined),
      ...responsesOf([...problems, ...problemsOf(schema), ...(access === undefined ? WITH_TOKEN : [])]),
    },
  }
}

/** What a route may answer for having parameters, a body, or being there at all. */
function problemsOf({ body, querystring }: FastifySchema): readonly ProblemType[] {
  const checked = body === undefined ? [] : WITH_BODY
  return querystring === undefined
    ? [...checked, ...EVERYWHERE]
    : ['invalid-request', ...checked, ...EVERYWHERE]
}

/** One response for each status; the problems that share it are told apart by `type`. */
function responsesOf(types: readonly ProblemType[]): Record<string, object> {
  const byStatus = Map.groupBy(new Set(types), statusOf)
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      String(status),
      {
        description: each.map((type) => `${problemTitle(type)} (\`${problemUri(type)}\`).`).join(' '),
        content: { 'application/problem+json': { schema: ProblemView } },
      },
    ]),
  )
}
