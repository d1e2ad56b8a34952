/** A pod of somebody else's that takes the name of a NATS node and lets everybody in. */
import { kubectl } from '../../cluster/cluster.ts'
import { imageText } from '../../../crds/release.ts'
import { NATS } from '../../images/images.ts'
import { NAME, type Environment } from '../environment.ts'

/** The headless Service leads to whoever has these labels, and by name to whoever says that it is called so. */
export async function startImpostor(here: Environment, node: string): Promise<void> {
  await here.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'impostor',
      labels: {
        'app.kubernetes.io/managed-by': 'batchsender-operator',
        'app.kubernetes.io/instance': NAME,
        'app.kubernetes.io/component': 'nats',
        'app.kubernetes.io/part-of': 'batchsender',
      },
    },
    spec: {
      hostname: node,
      subdomain: `${NAME}-nats`,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'nats',
          image: imageText(NATS),
          imagePullPolicy: 'Never',
          args: ['--port', '4222', '--name', node],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  })
  await kubectl(here.cluster, [
    '-n',
    here.namespace,
    'wait',
    '--for=condition=Ready',
    'pod/impostor',
    '--timeout=60s',
  ])
}
