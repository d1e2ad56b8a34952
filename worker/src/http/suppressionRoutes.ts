/** `/v1/suppressions`: the addresses that nothing is sent to, read, added to and lifted. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Mailbox } from '../domain/address.ts'
import type { Suppression } from '../domain/suppression.ts'
import type { SuppressionStore } from './ports.ts'
import { stringEnum } from '../../../crds/schema/structural.ts'
import { parseAddress, spelledBefore } from '../domain/address.ts'
import { SUPPRESSION_REASONS } from '../domain/suppression.ts'
import { auditOf } from './audit.ts'
import { Instant } from './instant.ts'
import { Page, pageOf, pageParameters, pageSize, parseCursor } from './page.ts'
import { Problem } from './problem.ts'

const Address = Type.Object({
  address: Type.String({ description: 'A mail address.', examples: ['somebody@example.org'] }),
})
const Query = Type.Object(
  {
    reason: Type.Optional(
      stringEnum(SUPPRESSION_REASONS, { description: 'Only those that are on the list for it.' }),
    ),
    ...pageParameters,
  },
  { additionalProperties: false },
)
const Body = Type.Object(
  {
    reason: stringEnum(SUPPRESSION_REASONS, {
      description: 'A stronger one stays: manual, bounce, unsubscribe, complaint.',
    }),
    detail: Type.Optional(
      Type.String({ maxLength: 500, description: 'For people: a ticket, a diagnostic.' }),
    ),
  },
  { additionalProperties: false },
)

const SuppressionView = Type.Object(
  {
    address: Type.String({ description: 'In lower case.' }),
    reason: stringEnum(SUPPRESSION_REASONS, { description: 'The strongest of its reasons.' }),
    detail: Type.Optional(Type.String({ description: 'As it was given, or the code of the bounce.' })),
    createdAt: Instant('Since when nothing is sent to it.'),
  },
  { title: 'Suppression' },
)
const tags = ['Suppressions']

export function suppressionRoutes(store: SuppressionStore): FastifyPluginAsyncTypebox {
  return (routes) => {
    routes.get(
      '/v1/suppressions',
      {
        schema: {
          tags,
          operationId: 'listSuppressions',
          summary: 'The list, in the order of addresses',
          querystring: Query,
          response: { 200: Page(SuppressionView) },
        },
        config: { scope: 'suppressions:read' },
      },
      async (request) => {
        const { reason, limit, cursor } = request.query
        const [afterAddress = ''] = parseCursor(cursor, /^[\x21-\x7e]+$/) ?? []
        const size = pageSize(limit)
        const rows = await store.list({ reason, afterAddress, limit: size + 1 })
        return pageOf(rows, size, itemOf, ({ addressNorm }) => addressNorm)
      },
    )

    routes.get(
      '/v1/suppressions/:address',
      {
        schema: {
          tags,
          operationId: 'getSuppression',
          summary: 'Why nothing is sent to an address',
          params: Address,
          response: { 200: SuppressionView },
        },
        config: { scope: 'suppressions:read', problems: ['invalid-request', 'not-found'] },
      },
      async (request) => {
        const suppression = await store.find(mailboxOf(request.params.address).normalised)
        if (suppression === undefined) throw new Problem('not-found')
        return itemOf(suppression)
      },
    )

    routes.put(
      '/v1/suppressions/:address',
      {
        schema: {
          tags,
          operationId: 'suppress',
          summary: 'Put an address on the list; a stronger reason that it has stays',
          params: Address,
          body: Body,
          response: { 200: SuppressionView },
        },
        config: { scope: 'suppressions:write', problems: ['not-found'] },
      },
      async (request) => {
        const { normalised: addressNorm, address } = mailboxOf(request.params.address)
        const { reason, detail = '' } = request.body
        const suppression = await store.add(
          { addressNorm, spelled: spelledBefore(address), reason, detail },
          auditOf(request, 'suppression.added', pathOf(addressNorm), { reason }),
        )
        request.log.info({ reason }, 'address suppressed')
        return itemOf(suppression)
      },
    )

    routes.delete(
      '/v1/suppressions/:address',
      {
        schema: {
          tags,
          operationId: 'liftSuppression',
          summary: 'Take an address off the list',
          params: Address,
          response: { 204: Type.Null({ description: 'It is off the list.' }) },
        },
        config: { scope: 'suppressions:write', problems: ['invalid-request', 'not-found'] },
      },
      async (request, reply) => {
        const { normalised: addressNorm } = mailboxOf(request.params.address)
        const lifted = await store.lift(addressNorm, ({ reason }) =>
          auditOf(request, 'suppression.lifted', pathOf(addressNorm), { reason }),
        )
        if (lifted === undefined) throw new Problem('not-found')
        request.log.info({ reason: lifted.reason }, 'suppression lifted')
        return reply.code(204).send(null)
      },
    )
    return Promise.resolve()
  }
}

const pathOf = (address: string): string => `/v1/suppressions/${address}`

/** @throws Problem for what cannot be an address. */
function mailboxOf(address: string): Mailbox {
  const result = parseAddress(address)
  if (!result.ok) throw new Problem('invalid-request', [{ pointer: 'address', code: result.code }])
  return result.mailbox
}

function itemOf({ addressNorm: address, reason, detail, createdAt }: Suppression) {
  return { address, reason, ...(detail !== '' && { detail }), createdAt }
}
