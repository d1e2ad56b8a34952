/** A Service of a program that runs beside the control plane, as the API server's proxy to Services takes it. */
import type { Harness } from './harness.ts'

export interface Outside {
  readonly namespace: string
  readonly name: string
  /** No loopback address: the API server refuses these. */
  readonly address: string
  readonly port: number
}

/** The proxy reads Endpoints, and goes to none but addresses of pods: nobody else makes either here. */
export async function serveOutside(
  cluster: Harness,
  { namespace, name, address, port }: Outside,
): Promise<void> {
  const metadata = { name, namespace }
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 8080 }] } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'program', image: 'example.com/none' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses: [{ ip: address, targetRef: { kind: 'Pod', ...metadata } }], ports: [{ port }] }],
    },
  ]
  const manifests = objects.map((object) => JSON.stringify(object)).join('\n---\n')
  await cluster.kubectl(['apply', '-f', '-'], manifests)
  const status = JSON.stringify({ status: { podIP: address, podIPs: [{ ip: address }] } })
  const patch = ['patch', 'pod', name, '--subresource=status', '--type=merge', '-p', status]
  await cluster.kubectl(['-n', namespace, ...patch])
}

/** The rights that Sealed Secrets comes with, for everybody who is known to the API server. */
export async function mayAskForCertificate(
  cluster: Harness,
  { namespace, name }: Pick<Outside, 'namespace' | 'name'>,
): Promise<void> {
  const metadata = { name: `${name}-service-proxier`, namespace }
  const apiGroup = 'rbac.authorization.k8s.io'
  const objects = [
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['services'], resourceNames: [name], verbs: ['get'] },
        {
          apiGroups: [''],
          resources: ['services/proxy'],
          resourceNames: [`http:${name}:`, `http:${name}:http`, name],
          verbs: ['create', 'get'],
        },
      ],
    },
    {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: metadata.name },
      subjects: [{ apiGroup, kind: 'Group', name: 'system:authenticated' }],
    },
  ]
  await cluster.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
}
