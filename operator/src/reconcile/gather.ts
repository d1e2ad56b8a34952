/** The only reader of a pass: everything a decision may look at, as one Snapshot. */
import type { BatchSenderSpec } from '../../../crds/schema/batchsender.ts'
import type { KubernetesObject } from '../runtime/object.ts'
import type { ReadPorts } from './ports.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import { specFaults } from '../../../crds/validate.ts'
import { REQUEST_CHARACTERS, REQUEST_NAMES, REQUESTS } from '../../../crds/requests.ts'
import { ANNOTATIONS } from '../../../crds/schema/conditions.ts'
import { openRequest } from '../components/parts/requests.ts'
import { templateHash } from '../components/parts/templateHash.ts'
import { secretsNamed } from '../components/connections/named.ts'

export async function gather(
  primary: KubernetesObject,
  ports: ReadPorts,
  signal: AbortSignal,
): Promise<Snapshot> {
  const sender = senderOf(primary)
  const names = sender.specFaults.length > 0 ? [] : secretsNamed(sender.spec).map(({ secret }) => secret)
  // While something was missing, what is remembered of the others may be what has to change; who asks wants to know now.
  const fresh =
    sender.status.conditions?.find(({ type }) => type === 'DependenciesReachable')?.status !== 'True' ||
    openRequest(sender, 'reconcile') !== undefined
  const read = await ports.references(sender, names, fresh, signal)
  const children = ports.children(sender)
  return {
    now: ports.now(),
    sender,
    installation: ports.installation,
    missingKinds: ports.missingKinds(),
    children,
    troubles: await ports.troubles(sender, children, signal),
    secrets: ports.secrets(sender),
    references: read,
    runs: ports.runs(sender),
    probing: ports.probing(sender),
    evidence: ports.evidence(sender),
    shared: ports.shared(sender, read),
  }
}

function asked({ annotations }: KubernetesObject['metadata'], annotation: string): string | undefined {
  return annotations?.[annotation]?.slice(0, REQUEST_CHARACTERS)
}

function requestsOf(metadata: KubernetesObject['metadata']): Sender['requests'] {
  return Object.fromEntries(
    REQUEST_NAMES.flatMap((name) => {
      const value = asked(metadata, REQUESTS[name].annotation)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** The typed view of the raw object. A spec that the schema refuses keeps its faults beside it. */
export function senderOf(primary: KubernetesObject): Sender {
  const { metadata } = primary
  // The seam between raw JSON and the schema's types: whatever is wrong with it stands in specFaults.
  const spec = primary['spec'] as BatchSenderSpec
  const assignedTo = asked(metadata, ANNOTATIONS.operator)
  const acceptedLoss = asked(metadata, ANNOTATIONS.acceptDataLoss)
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    spec,
    specHash: templateHash({ ...spec, suspend: undefined }),
    specFaults: specFaults(spec),
    status: primary['status'] ?? {},
    requests: requestsOf(metadata),
    adoptsOrphans: metadata.annotations?.[ANNOTATIONS.adoptOrphans] === 'true',
    ...(acceptedLoss !== undefined && { acceptedLoss }),
    ...(assignedTo !== undefined && { assignedTo }),
  }
}
