/**
 * Tells a Prometheus what there is in a cluster, in the words of its own discovery of Kubernetes: Debian builds it without
 * that one. https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
 */
import { createServer } from 'node:http'
import { kubectl, type Cluster } from '../cluster/cluster.ts'
import { freePort } from '../servers/ports.ts'

type Labels = Readonly<Record<string, string>>

interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly labels?: Labels
}
interface Slice {
  readonly metadata: Metadata
  readonly ports?: readonly { readonly name: string; readonly port: number }[]
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly targetRef?: { readonly name: string }
  }[]
}
interface Pod {
  readonly metadata: Metadata
  readonly spec: {
    readonly containers: readonly {
      readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
    }[]
  }
  readonly status: { readonly podIP?: string }
}

/** A group of targets as `http_sd_configs` takes it. */
interface Group {
  readonly targets: readonly string[]
  readonly labels: Labels
}

const named = (prefix: string, labels: Labels = {}): Labels =>
  Object.fromEntries(
    Object.entries(labels).map(([name, value]) => [
      `__meta_kubernetes_${prefix}_label_${name.replaceAll(/\W/g, '_')}`,
      value,
    ]),
  )

/** The labels of its Service are on a slice as well. */
const targetsOfSlice = ({ metadata, ports = [], endpoints = [] }: Slice): readonly Group[] =>
  ports.flatMap(({ name, port }) =>
    endpoints.map(({ addresses, targetRef }) => ({
      targets: [`${addresses[0] ?? ''}:${port}`],
      labels: {
        __meta_kubernetes_namespace: metadata.namespace,
        __meta_kubernetes_endpointslice_port_name: name,
        __meta_kubernetes_pod_name: targetRef?.name ?? '',
        ...named('service', metadata.labels),
      },
    })),
  )

const targetsOfPod = ({ metadata, spec, status }: Pod): readonly Group[] =>
  spec.containers
    .flatMap(({ ports = [] }) => ports)
    .filter(() => status.podIP !== undefined)
    .map(({ name, containerPort }) => ({
      targets: [`${status.podIP ?? ''}:${containerPort}`],
      labels: {
        __meta_kubernetes_namespace: metadata.namespace,
        __meta_kubernetes_pod_name: metadata.name,
        __meta_kubernetes_pod_container_port_name: name,
        ...named('pod', metadata.labels),
      },
    }))

const ROLES: Readonly<Record<string, (cluster: Cluster) => Promise<readonly Group[]>>> = {
  endpointslice: async (cluster) => (await list<Slice>(cluster, 'endpointslices')).flatMap(targetsOfSlice),
  pod: async (cluster) => (await list<Pod>(cluster, 'pods')).flatMap(targetsOfPod),
}

const list = async <Item>(cluster: Cluster, kind: string) =>
  (
    JSON.parse(await kubectl(cluster, ['get', kind, '-A', '-o', 'json'])) as {
      readonly items: readonly Item[]
    }
  ).items

export interface Discovery {
  /** Of a role, for `http_sd_configs`. */
  url(role: string): string
  stop(): void
}

export async function startDiscovery(cluster: Cluster): Promise<Discovery> {
  const port = await freePort()
  const server = createServer((request, response) => {
    const groups = ROLES[(request.url ?? '').slice(1)]?.(cluster) ?? Promise.resolve([])
    groups.then(
      (found) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(found))
      },
      // Prometheus keeps what it was told before.
      () => {
        response.writeHead(503).end()
      },
    )
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: (role) => `http://127.0.0.1:${port}/${role}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
