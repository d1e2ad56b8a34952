/** The real Traefik (MIT), from PyPI, as the controller of the Gateway API beside a control plane of a test. */
import { join } from 'node:path'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'
import { pythonTool } from './pythonTool.ts'

export interface TraefikServer {
  /** Where it listens on the loopback interface; the listener of its Gateway has to have that port. */
  readonly port: number
  readonly tlsPort: number
  readonly log: () => string
  start(): Promise<void>
  kill(): Promise<void>
}

/**
 * @param trusted address of a proxy whose X-Forwarded-For it believes
 * @param kubeconfig of whoever may read the objects of the Gateway API, of Traefik, Services and their addresses
 */
export async function startTraefik(kubeconfig: string, trusted: string): Promise<TraefikServer> {
  const program = await pythonTool('traefik', join(import.meta.dirname, 'traefik/requirements.txt'))
  const [port, tlsPort] = [await freePort(), await freePort()]
  const server = new ChildServer({
    program,
    args: [
      '--providers.kubernetesgateway=true',
      '--providers.kubernetescrd=true',
      '--providers.providersthrottleduration=100ms',
      `--entrypoints.web.address=127.0.0.1:${port}`,
      `--entrypoints.web.forwardedheaders.trustedips=${trusted}/32`,
      `--entrypoints.websecure.address=127.0.0.1:${tlsPort}`,
      '--global.checknewversion=false',
      '--global.sendanonymoususage=false',
      '--log.level=INFO',
    ],
    env: { ...process.env, KUBECONFIG: kubeconfig },
    port,
  })
  await server.start()
  return {
    port,
    tlsPort,
    log: () => server.log,
    start: async () => {
      await server.start()
    },
    kill: () => server.kill(),
  }
}

/** What a cluster has that runs it. @param controlled name of its GatewayClass */
export function gatewayClass(controlled: string) {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'GatewayClass',
    metadata: { name: controlled },
    spec: { controllerName: 'traefik.io/gateway-controller' },
  }
}
