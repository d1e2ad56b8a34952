/** Credentials from a kubeconfig, for tests, tools and running outside a cluster. */
import type { KubeConfig } from '@kubernetes/client-node'
import type { Credentials, TlsMaterial } from './credentials.ts'

/** Tokens of exec plugins end after some minutes; the client keeps those that are still good. */
const REFRESH_MS = 60_000

interface HttpsOptions extends TlsMaterial {
  headers?: Record<string, string>
}

/**
 * Loads the Kubernetes client only here: importing it costs a hundred megabytes that a pod need not spend.
 * @param path of the kubeconfig; the client's own search order when left out.
 */
export async function fromKubeconfig(path?: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (path === undefined) config.loadFromDefault()
  else config.loadFromFile(path)
  if (!config.getCurrentCluster())
    throw new Error(`the kubeconfig${path === undefined ? '' : ` ${path}`} has no current context`)
  return credentialsOf(config)
}

/** Of its present context, which must have a cluster. */
export async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const ask = async (): Promise<HttpsOptions> => {
    const options: HttpsOptions = {}
    await config.applyToHTTPSOptions(options)
    return options
  }
  const options = await ask()
  const tls = tlsOf(options)
  let authorization = options.headers?.['Authorization']
  let askedAt = performance.now()

  /** The present answer at once, a fresh one for the next request. */
  function refresh(): void {
    if (performance.now() - askedAt < REFRESH_MS) return
    askedAt = performance.now()
    ask().then(
      ({ headers }) => (authorization = headers?.['Authorization']),
      () => undefined,
    )
  }
  return {
    server: (config.getCurrentCluster()?.server ?? '').replace(/\/$/, ''),
    tls: () => tls,
    authorization() {
      refresh()
      return authorization
    },
  }
}

/** Without the client's agent, which would take the place of our own connections. */
function tlsOf({ ca, cert, key, passphrase, servername, rejectUnauthorized }: HttpsOptions): TlsMaterial {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  }
}
