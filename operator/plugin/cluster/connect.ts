/** From a kubeconfig to the API server, as kubectl finds it. */
import { KubeConfig } from '@kubernetes/client-node'
import { credentialsOf } from '../../src/runtime/kubeconfig.ts'
import { createTransport } from '../../src/runtime/transport.ts'
import { misuse } from '../cli/failure.ts'
import { Cluster } from './cluster.ts'

export interface Where {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly namespace?: string | undefined
}

/** @throws Failure when there is no such kubeconfig or context */
export async function connect(where: Where, signal: AbortSignal): Promise<Cluster> {
  const config = load(where.kubeconfig)
  if (where.context !== undefined) {
    const known = config.getContexts().map(({ name }) => name)
    if (!known.includes(where.context))
      throw misuse(`the kubeconfig has no context ${where.context}: ${known.sort().join(', ')}`)
    config.setCurrentContext(where.context)
  }
  const cluster = config.getCurrentCluster()
  if (!cluster)
    throw misuse('the kubeconfig has no current context: kubectl config use-context CONTEXT, or --context')
  if (cluster.proxyUrl !== undefined)
    throw misuse('the kubeconfig leads through a proxy (proxy-url), which this plugin does not speak to')
  const credentials = await credentialsOf(config)
  const context = config.getContextObject(config.getCurrentContext())
  return new Cluster({
    transport: createTransport(credentials, undefined, { userAgent: 'kubectl-batchsender' }),
    namespace: where.namespace ?? context?.namespace ?? 'default',
    server: credentials.server,
    context: config.getCurrentContext(),
    signal,
  })
}

function load(path: string | undefined): KubeConfig {
  const config = new KubeConfig()
  try {
    if (path === undefined) config.loadFromDefault()
    else config.loadFromFile(path)
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw misuse(`the kubeconfig${path === undefined ? '' : ` ${path}`} cannot be read: ${why}`)
  }
  return config
}
