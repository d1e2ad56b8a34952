/** `/u/{token}`: one click and nothing gets sent any more (RFC 8058). Looking at the page changes nothing. */
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Bodies } from './bodies.ts'
import type { RequestLimit } from './requestLimit.ts'
import type { SuppressionStore } from './ports.ts'
import type { UnsubscribeLinks } from '../unsubscribe.ts'
import { auditOf } from './audit.ts'
import { within } from './admission.ts'
import { clientOf } from './clientOf.ts'
import { Problem } from './problem.ts'

export interface UnsubscribeRoutesOptions {
  readonly links: UnsubscribeLinks
  readonly suppressions: Pick<SuppressionStore, 'add'>
  /** Of those whose token is none; mail providers click for many people from few addresses. */
  readonly perIp: RequestLimit
  readonly readBytes: Bodies['bytes']
}

const LARGEST_BODY = 16_384

/** The token decides; a body of any kind is read and not looked at, since refusing one would refuse a person. */
export function unsubscribeRoutes({
  links,
  suppressions,
  perIp,
  readBytes,
}: UnsubscribeRoutesOptions): FastifyPluginAsync {
  return (routes) => {
    routes.removeAllContentTypeParsers()
    routes.addContentTypeParser('*', readBytes)
    const config = { access: 'signed' } as const
    const schema = { hide: true }

    routes.get<{ Params: { token: string } }>('/u/:token', { config, schema }, async (request, reply) => {
      if (links.open(request.params.token) === undefined) return unknown(request.ip, reply)
      return page(reply, 'Unsubscribe', ASK)
    })

    routes.post<{ Params: { token: string } }>(
      '/u/:token',
      { config, schema, bodyLimit: LARGEST_BODY },
      async (request, reply) => {
        const subscription = links.open(request.params.token)
        if (subscription === undefined) return unknown(request.ip, reply)
        const { batchId, addressNorm, spelled } = subscription
        const reason = 'unsubscribe'
        await suppressions.add(
          { addressNorm, spelled, reason, detail: `batch ${batchId}` },
          auditOf(request, 'suppression.added', `/v1/suppressions/${addressNorm}`, { reason, batchId }),
        )
        request.log.info({ batchId }, 'unsubscribed')
        return page(reply, 'Unsubscribed', DONE)
      },
    )
    return Promise.resolve()
  }

  async function unknown(ip: string, reply: FastifyReply): Promise<never> {
    await within(perIp, clientOf(ip), reply)
    throw new Problem('not-found')
  }
}

const ASK = `<p>Do you want to receive no more of these mails?</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>`
const DONE = '<p>You will receive no more of these mails.</p>'

function page(reply: FastifyReply, title: string, content: string) {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-robots-tag', 'noindex')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><h1>${title}</h1>${content}</html>`,
    )
}
