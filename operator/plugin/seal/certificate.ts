/** The certificate of the controller of Sealed Secrets, asked for through the API server as kubeseal does it. */
import type { KubernetesObject } from '../../src/runtime/object.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { ApiError } from '../../src/runtime/errors.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { refusalText } from '../../src/vocabulary/sentence.ts'
import { Service } from '../../src/vocabulary/kinds.ts'
import { Failure } from '../cli/failure.ts'
import { plain } from '../text/wrap.ts'
import { isForbidden } from '../cluster/told.ts'

/** The Service of the controller. */
export interface Where {
  readonly namespace: string
  readonly name: string
}

/** Of what it comes with. */
export const STANDARD: Where = { namespace: 'kube-system', name: 'sealed-secrets-controller' }

/** One has about 2 KB. */
const MOST_BYTES = 64 * 1_024
const DEADLINE_MS = 30_000
const OFFLINE = 'whoever has its certificate seals without it: --cert FILE (docs/secrets.md#sealing)'

/** @returns PEM, not looked at. @throws Failure that says what to do, when nobody gives it */
export async function certificateOf(
  cluster: Cluster,
  where: Where,
  deadlineMs = DEADLINE_MS,
): Promise<string> {
  const service = await cluster.get(Service, where.name, where.namespace).catch((error: unknown) => {
    throw toldOf(error, where)
  })
  if (!service) throw absent(where, 'is not there')
  const path = pathOf(Service, where.namespace, `http:${where.name}:${portOf(service)}`, 'proxy/v1/cert.pem')
  const late = new AbortController()
  const end = () => {
    late.abort()
  }
  const timer = setTimeout(end, deadlineMs)
  cluster.signal.addEventListener('abort', end, { once: true })
  try {
    return await textOf(await cluster.transport.stream(path, {}, late.signal))
  } catch (error) {
    if (late.signal.aborted && !cluster.signal.aborted)
      throw silent(where, `not in ${Math.ceil(deadlineMs / 1_000)} s`)
    throw toldOf(error, where)
  } finally {
    clearTimeout(timer)
    cluster.signal.removeEventListener('abort', end)
  }
}

/** The rights that the controller comes with are for the port by its name, which is empty in its chart. */
function portOf(service: KubernetesObject): string {
  const { ports = [] } = (service['spec'] ?? {}) as { readonly ports?: readonly { readonly name?: string }[] }
  return ports[0]?.name ?? ''
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function toldOf(error: unknown, where: Where): unknown {
  if (!(error instanceof ApiError)) return error
  if (isForbidden(error))
    return new Failure(
      `you may not ask the controller of Sealed Secrets for its certificate (403): ${plain(refusalText(error))}; ${OFFLINE}`,
    )
  if (error.status === 404) return absent(where, `has no certificate (404: ${plain(refusalText(error))})`)
  return error.status >= 500 ? silent(where, `${error.status}: ${plain(refusalText(error))}`) : error
}

const absent = ({ namespace, name }: Where, what: string) =>
  new Failure(
    `Service ${namespace}/${name} ${what}, so there is no controller of Sealed Secrets: --controller-namespace and --controller-name say where it is; ${OFFLINE}`,
  )

const silent = ({ namespace, name }: Where, why: string) =>
  new Failure(
    `the controller of Sealed Secrets does not answer (${why}): kubectl -n ${namespace} describe service ${name} says who should; ${OFFLINE}`,
  )
