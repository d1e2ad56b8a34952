/** The settings of the operator that manifests depend on: from its Deployment, or from what it made with them. */
import type { Installation, Sender } from '../../src/components/snapshot.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { parseSettings } from '../../src/settings.ts'
import { childName } from '../../src/components/parts/labels.ts'
import { Deployment } from '../../src/vocabulary/kinds.ts'
import { OPERATOR } from '../../src/vocabulary/labels.ts'
import { isForbidden } from '../cluster/told.ts'

interface Made {
  readonly sender: Sender
  readonly children: ReadonlyMap<string, KubernetesObject>
}

interface PodSpec {
  readonly securityContext?: { readonly runAsUser?: number }
  readonly containers?: readonly {
    readonly name: string
    readonly image?: string
    readonly imagePullPolicy?: string
    readonly env?: readonly { readonly name: string; readonly value?: string }[]
  }[]
}

/** @param unread is told when the Deployment could not be asked */
export async function installationOf(
  cluster: Cluster,
  namespace: string,
  made: Made,
  unread: Set<string>,
): Promise<Installation> {
  const deployment = await cluster.get(Deployment, OPERATOR, namespace).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    return undefined
  })
  const env = containerOf(podSpecOf(deployment), 'operator')?.env
  if (env) {
    const settings = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    return parseSettings({ ...settings, OPERATOR_NAMESPACE: namespace, OPERATOR_NAME: OPERATOR }).installation
  }
  unread.add(
    `Deployment ${OPERATOR} in namespace ${namespace}: the settings of the operator are taken from what it made`,
  )
  return {
    ...parseSettings({ OPERATOR_NAMESPACE: namespace, OPERATOR_NAME: OPERATOR }).installation,
    ...inferred(made),
  }
}

function inferred(made: Made): Partial<Installation> {
  const { sender, children } = made
  const image = sender.spec.worker.image === undefined ? imageOf : () => undefined
  const worker = podSpecOf(children.get(`Deployment/${childName(sender, 'worker')}`))
  const nats = containerOf(podSpecOf(children.get(`StatefulSet/${childName(sender, 'nats')}`)), 'nats')
  const container = containerOf(worker, 'worker')
  const policy = (container ?? nats)?.imagePullPolicy
  return known({
    workerImage: image(container),
    natsImage: imageOf(nats),
    imagePullPolicy: isPolicy(policy) ? policy : undefined,
    clusterDomain: domainIn(container?.env ?? []),
    podUser: worker && userOf(worker),
  })
}

const imageOf = (container: { readonly image?: string } | undefined) => container?.image

const userOf = ({ securityContext }: PodSpec): Installation['podUser'] =>
  securityContext?.runAsUser === undefined ? 'Assigned' : 'Fixed'

type Maybe = { readonly [Name in keyof Installation]?: Installation[Name] | undefined }

function known(maybe: Maybe): Partial<Installation> {
  return Object.fromEntries(Object.entries(maybe).filter(([, value]) => value !== undefined))
}

const isPolicy = (text: string | undefined): text is Installation['imagePullPolicy'] =>
  text === 'Always' || text === 'IfNotPresent' || text === 'Never'

/** What stands behind `.svc.` in an address of a node. */
function domainIn(env: readonly { readonly value?: string }[]): string | undefined {
  const values = env.flatMap(({ value }) => value ?? [])
  return values.map((value) => /-nats\.[a-z0-9-]+\.svc\.([a-z0-9.-]+):\d+/.exec(value)?.[1]).find(Boolean)
}

function podSpecOf(object: KubernetesObject | undefined): PodSpec | undefined {
  return (object?.['spec'] as { template?: { spec?: PodSpec } } | undefined)?.template?.spec
}

function containerOf(spec: PodSpec | undefined, name: string) {
  return spec?.containers?.find((container) => container.name === name)
}
