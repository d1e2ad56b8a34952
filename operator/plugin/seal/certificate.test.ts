import { expect, it } from 'vitest'
import { Cluster } from '../cluster/cluster.ts'
import { ApiError } from '../../src/runtime/errors.ts'
import { certificateOf, STANDARD } from './certificate.ts'

interface Answers {
  readonly service?: object | Error
  readonly body?: () => AsyncIterable<Buffer>
  readonly fails?: (signal: AbortSignal) => Promise<never>
}

const SERVICE = { spec: { ports: [{ port: 8080 }] } }
const status = (code: number, message: string) => new ApiError(code, { kind: 'Status', message })

/** What an API server would answer, and the paths that it was asked for. */
function asked({ service = SERVICE, body, fails }: Answers) {
  const paths: string[] = []
  const stop = new AbortController()
  const cluster = new Cluster({
    namespace: 'mail',
    server: 'https://k8s.example.com',
    context: 'c',
    signal: stop.signal,
    transport: {
      request: async ({ path }) => {
        paths.push(path)
        if (service instanceof Error) throw service
        return { status: 200, body: (await Promise.resolve(service)) as never }
      },
      stream: (path, _, signal) => {
        paths.push(path)
        return fails ? fails(signal) : Promise.resolve(body?.() ?? bytes('PEM'))
      },
      close: () => undefined,
    },
  })
  return { cluster, paths, stop }
}

async function* bytes(...chunks: readonly string[]) {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
}

it.each([
  [{ spec: { ports: [{ port: 8080 }] } }, ''],
  [{ spec: { ports: [{ name: 'http' }, { name: 'metrics' }] } }, 'http'],
])('is asked at the first port of the Service, by its name', async (service, port) => {
  const { cluster, paths } = asked({ service, body: () => bytes('P', 'EM') })
  expect(await certificateOf(cluster, { namespace: 'seals', name: 'ctl' })).toBe('PEM')
  expect(paths).toEqual([
    '/api/v1/namespaces/seals/services/ctl',
    `/api/v1/namespaces/seals/services/http:ctl:${port}/proxy/v1/cert.pem`,
  ])
})

const OFFLINE = 'whoever has its certificate seals without it: --cert FILE (docs/secrets.md#sealing)'
const rejected = (error: Error) => () => Promise.reject(error)

it.each<readonly [string, Answers, string]>([
  [
    'no Service',
    { service: status(404, 'services "x" not found') },
    `Service kube-system/sealed-secrets-controller is not there, so there is no controller of Sealed Secrets: --controller-namespace and --controller-name say where it is; ${OFFLINE}`,
  ],
  [
    'no right to the Service',
    { service: status(403, 'services "x" is forbidden: User "ann" cannot get resource "services"') },
    `you may not ask the controller of Sealed Secrets for its certificate (403): services "x" is forbidden: User "ann" cannot get resource "services"; ${OFFLINE}`,
  ],
  [
    'no right to the proxy',
    {
      fails: rejected(
        status(403, 'services "x" is forbidden: User "ann" cannot get resource "services/proxy"'),
      ),
    },
    `you may not ask the controller of Sealed Secrets for its certificate (403): services "x" is forbidden: User "ann" cannot get resource "services/proxy"; ${OFFLINE}`,
  ],
  [
    'a Service of something else',
    { fails: rejected(status(404, '404 page not found')) },
    `Service kube-system/sealed-secrets-controller has no certificate (404: 404 page not found), so there is no controller of Sealed Secrets: --controller-namespace and --controller-name say where it is; ${OFFLINE}`,
  ],
  [
    'nobody behind the Service',
    { fails: rejected(status(503, 'no endpoints available for service "x"\u001b[2J')) },
    `the controller of Sealed Secrets does not answer (503: no endpoints available for service "x"\uFFFD[2J): kubectl -n kube-system describe service sealed-secrets-controller says who should; ${OFFLINE}`,
  ],
])('%s: says what to do', async (_, answers, words) => {
  await expect(certificateOf(asked(answers).cluster, STANDARD)).rejects.toThrow(
    expect.objectContaining({ name: 'Failure', message: words }) as Error,
  )
})

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('aborted'))
    })
  })

it('a controller that is silent is given up, and so is the wait when the caller goes', async () => {
  await expect(certificateOf(asked({ fails: untilAborted }).cluster, STANDARD, 20)).rejects.toThrow(
    /^the controller of Sealed Secrets does not answer \(not in 1 s\): /,
  )
  const { cluster, stop } = asked({ fails: untilAborted })
  const waiting = certificateOf(cluster, STANDARD)
  setTimeout(() => {
    stop.abort()
  }, 20)
  await expect(waiting).rejects.toThrow('aborted')
})

it('what never ends is not read to its end', async () => {
  async function* endless() {
    for (;;) yield await Promise.resolve(Buffer.alloc(16 * 1_024, 'x'))
  }
  expect((await certificateOf(asked({ body: endless }).cluster, STANDARD)).length).toBeLessThan(100_000)
})
