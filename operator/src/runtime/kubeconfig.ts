/** Credentials from a kubeconfig, for tests, tools and running outside a cluster. */
import type { Credentials, TlsMaterial } from './credentials.ts'

/**
 * Loads the Kubernetes client only here: importing it costs a hundred megabytes that a pod need not spend.
 * @param path of the kubeconfig; the client's own search order when left out.
 */
export async function fromKubeconfig(path?: string): Promise<Credentials> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  if (path === undefined) config.loadFromDefault()
  else config.loadFromFile(path)
  const cluster = config.getCurrentCluster()
  if (!cluster)
    throw new Error(`the kubeconfig${path === undefined ? '' : ` ${path}`} has no current context`)
  const options: TlsMaterial & { headers?: Record<string, string> } = {}
  await config.applyToHTTPSOptions(options)
  const { headers, ...tls } = options
  return {
    server: cluster.server.replace(/\/$/, ''),
    tls: () => tls,
    authorization: () => headers?.['Authorization'],
  }
}
