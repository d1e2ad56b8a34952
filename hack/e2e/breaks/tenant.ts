/** A BatchSender of somebody in the same cluster whose ClickHouse answers well and never ends. */
import type { Place } from './break.ts'
import { kubectl } from '../../cluster/cluster.ts'
import { OPERATOR_NAMESPACE } from '../../../operator/src/settings.ts'
import { conditionOf } from '../../demo/readiness.ts'
import { batchSender } from '../environment.ts'
import { eventually } from '../eventually.ts'

export function operatorRestarts({ here }: Place): Promise<string> {
  return kubectl(here.cluster, [
    '-n',
    OPERATOR_NAMESPACE,
    'get',
    'pods',
    '-l',
    'app.kubernetes.io/name=batchsender-operator',
    '-o',
    'jsonpath={.items[*].metadata.name} {.items[*].status.containerStatuses[*].restartCount}',
  ])
}

/** A server that answers well and never ends, as a pod of a tenant. */
const ENDLESS = `require('node:http').createServer((_, answer) => {
  answer.writeHead(200)
  const chunk = 'x'.repeat(65536)
  const pour = () => { while (answer.write(chunk)); answer.once('drain', pour) }
  pour()
}).listen(8123)`

export async function startEndless({ here }: Place): Promise<void> {
  const image = await here.kubectl(
    'get',
    'deployment',
    'clickhouse',
    '-o',
    'jsonpath={.spec.template.spec.containers[0].image}',
  )
  const labels = { app: 'endless' }
  await here.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'endless' },
    spec: { selector: labels, ports: [{ port: 8123 }] },
  })
  await here.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'endless', labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'endless',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '-e', ENDLESS],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })
  await here.kubectl('wait', '--for=condition=Ready', 'pod/endless', '--timeout=120s')
}

/** @throws Error when it is not told in time that nothing can be made of the answers */
export async function tellOfTenant({ here }: Place, namespace: string, withinSeconds: number): Promise<void> {
  const url = `http://endless.${namespace}.svc.cluster.local:8123`
  const object = batchSender(namespace, { clickhouse: { external: { url, insecure: true }, archive: {} } })
  await here.apply({ ...object, metadata: { ...object.metadata, name: 'tenant' } })
  await eventually(
    'the tenant is told',
    async () => {
      const text = await here.kubectl('get', 'bs', 'tenant', '-o', 'json')
      const told = conditionOf(JSON.parse(text) as Parameters<typeof conditionOf>[0], 'ArchiveReady')
      return told?.status === 'False' && told.reason === 'Unreachable' ? true : undefined
    },
    withinSeconds * 1_000,
  )
}

export const removeTenant = ({ here }: Place): Promise<string> =>
  here.kubectl('delete', 'bs/tenant', 'pod/endless', 'service/endless', '--ignore-not-found', '--wait=true')
