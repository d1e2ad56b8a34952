/** NATS: nodes that the operator runs or that exist elsewhere, and the work queue on them. */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { DesiredQueue } from '../wishes/queue.ts'
import type { DesiredReload } from '../wishes/natsReload.ts'
import type { Snapshot } from '../snapshot.ts'
import type { JetstreamSeen } from './seen.ts'
import type { StatefulSetManifest } from '../parts/manifests.ts'
import { consumerConfig, streamConfig, workQueueNames } from '../../../../crds/workQueue.ts'
import { component } from '../component.ts'
import { isStale } from '../parts/evidence.ts'
import { natsNodes, natsSecrets, nodeAddresses, operatorAccess } from '../parts/natsTopology.ts'
import {
  ConfigMap,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  Secret,
  Service,
  StatefulSet,
} from '../../vocabulary/kinds.ts'
import { disruptionBudget } from '../parts/disruptionBudget.ts'
import { childOf } from '../snapshot.ts'
import { troubleText } from '../parts/trouble.ts'
import { statefulSetName } from './configuration.ts'
import { dataKey, type DataKey } from './dataKey.ts'
import { configMap, service, statefulSet } from './manifests.ts'
import { strayNodes } from './astray.ts'
import { nodeRestart, type NodeRestart } from './restart.ts'
import { isRolledOut, natsTemplateHash, natsTrust } from './template.ts'
import { instantOf } from '../parts/instants.ts'

interface Observed {
  readonly nodes: number
  readonly readyNodes: number
  /** Why a node does not run, as the end of a message; empty when nothing is known. */
  readonly trouble: string
  /** A spec that is new has not reached every node. */
  readonly rollingOut: boolean
  readonly queue: JetstreamSeen | undefined
  readonly stale: boolean
  readonly certificates: boolean
  readonly key: DataKey
  readonly stuck: NodeRestart['stuck']
  readonly now: Date
  /** What was said of it last, for the same spec: it stands until NATS was looked at. */
  readonly last?: Verdict<'NatsReady'>
}

export const nats = component<'NatsReady', Observed>({
  name: 'nats',
  conditionType: 'NatsReady',
  owns: [ConfigMap, Secret, Service, StatefulSet, PodDisruptionBudget],
  reads: [PersistentVolumeClaim],
  prunes: [],

  desired(snapshot) {
    return [...nodes(snapshot), ...reloads(snapshot), ...queue(snapshot)]
  },

  observe(snapshot) {
    const set = childOf<StatefulSetManifest>(snapshot, StatefulSet, statefulSetName(snapshot.sender))
    return {
      nodes: natsNodes(snapshot.sender).length,
      readyNodes: set?.status?.readyReplicas ?? 0,
      trouble: troubleText(snapshot, 'nats'),
      rollingOut:
        snapshot.sender.status.observedGeneration !== snapshot.sender.generation && !isRolledOut(set),
      queue: snapshot.evidence.jetstream?.seen,
      stale: snapshot.evidence.jetstream !== undefined && isStale(snapshot.evidence.jetstream, snapshot),
      certificates: natsTemplateHash(snapshot) !== undefined,
      key: dataKey(snapshot),
      stuck: nodeRestart(snapshot).stuck,
      now: snapshot.now,
      ...lastVerdict(snapshot),
    }
  },

  condition(observed): Verdict<'NatsReady'> {
    const { nodes: wanted, readyNodes, key } = observed
    if (key.state === 'lost') return { status: 'False', reason: 'KeyLost', message: key.message }
    if (key.state === 'making')
      return {
        status: 'False',
        reason: 'Waiting',
        message: 'waiting for the key of the volumes of NATS',
        lookAgainMs: LOOK_AGAIN_MS,
      }
    // Nodes that run have read theirs: that one is being made anew is told beside.
    if (!observed.certificates && readyNodes < quorum(wanted))
      return { status: 'False', reason: 'Waiting', message: 'waiting for the certificates of NATS' }
    if (readyNodes < quorum(wanted))
      return {
        status: 'False',
        reason: 'NodesNotReady',
        message: `${readyText(observed)}${observed.trouble}`,
      }
    if (wanted > 0 && observed.rollingOut)
      return {
        status: 'False',
        reason: 'RollingOut',
        message: `${readyText(observed)}, not all up to date${observed.trouble}`,
      }
    return observed.stuck ? stuckVerdict(observed.stuck, observed.now) : queueVerdict(observed)
  },
})

/** Neither reading it again nor starts helped for long: somebody has to look. */
function stuckVerdict(
  { nodes, tried, nextAt }: NonNullable<NodeRestart['stuck']>,
  now: Date,
): Verdict<'NatsReady'> {
  const faults = nodes.map(({ name, fault }) => `${name} ${fault}`).join('; ')
  const [last, next] = [instantOf(tried.at), instantOf(nextAt)]
  const times = tried.count === 1 ? '' : `, ${tried.count} times in a row`
  return {
    status: 'False',
    reason: 'NodesAstray',
    message: `${faults}: reloading did not help, and the nodes were started anew at ${last}${times}; they are again at ${next}`,
    lookAgainMs: nextAt.getTime() - now.getTime(),
  }
}

/** How soon a key that could not be made is asked for again: nobody tells when the volumes in its way are gone. */
const LOOK_AGAIN_MS = 30_000

function queueVerdict(observed: Observed): Verdict<'NatsReady'> {
  const { queue: seen } = observed
  if (!seen && observed.last) return observed.last
  if (observed.stale)
    return { status: 'Unknown', reason: 'NotObserved', message: 'NATS has not been looked at lately' }
  if (!seen) return { status: 'Unknown', reason: 'NotObserved', message: 'NATS has not been looked at yet' }
  if (!seen.reached)
    return { status: 'False', reason: 'Unreachable', message: `NATS cannot be reached: ${seen.fault}` }
  const faults = Object.entries({ stream: seen.stream, consumer: seen.consumer }).flatMap(([part, state]) => {
    if (!state.exists) return [`the ${part} is missing`]
    return state.differs.length === 0 ? [] : [`the ${part} differs in ${state.differs.join(', ')}`]
  })
  if (faults.length > 0) return { status: 'False', reason: 'StreamNotReady', message: faults.join('; ') }
  return {
    status: 'True',
    reason: 'Available',
    message: observed.nodes === 0 ? 'external NATS' : nodesText(observed),
  }
}

/** Reasons that came from looking at NATS itself rather than at its pods. */
const LOOKED_AT: readonly string[] = ['Available', 'Unreachable', 'StreamNotReady']

function lastVerdict({ sender }: Snapshot): { last: Verdict<'NatsReady'> } | undefined {
  const last = sender.status.conditions?.find(({ type }) => type === 'NatsReady')
  if (last?.observedGeneration !== sender.generation || !LOOKED_AT.includes(last.reason)) return undefined
  // The reason is one of ours: it was written by this component.
  return { last: { status: last.status, reason: last.reason as 'Available', message: last.message } }
}

/** Nodes that must be up for a replicated stream to take messages; none when NATS is external. */
function quorum(nodes: number): number {
  return nodes === 0 ? 0 : Math.floor(nodes / 2) + 1
}

function nodesText({ nodes, readyNodes }: Observed): string {
  return `${readyNodes} of ${nodes} NATS node${nodes === 1 ? '' : 's'}`
}

function readyText(observed: Observed): string {
  return `${nodesText(observed)} ${observed.nodes === 1 ? 'is' : 'are'} ready`
}

function nodes(snapshot: Snapshot): readonly Desired[] {
  if (!snapshot.sender.spec.nats.managed) return []
  const key = dataKey(snapshot)
  if (key.state === 'lost') return []
  if (key.state === 'making') return key.wishes
  const hash = natsTemplateHash(snapshot)
  if (hash === undefined) return []
  const keyId = key.state === 'good' ? key.id : undefined
  const rolling = { hash, trust: natsTrust(snapshot), keyId, restart: nodeRestart(snapshot).note }
  return [
    ...(key.state === 'good' ? key.wishes : []),
    { type: 'object', resource: ConfigMap, object: configMap(snapshot) },
    { type: 'object', resource: Service, object: service(snapshot) },
    { type: 'object', resource: PodDisruptionBudget, object: disruptionBudget(snapshot.sender, 'nats') },
    { type: 'object', resource: StatefulSet, object: statefulSet(snapshot, rolling) },
  ]
}

/** Nodes that show or run something else than they should may only have to read it. */
function reloads(snapshot: Snapshot): readonly DesiredReload[] {
  const { sender, installation } = snapshot
  const systemSecret = natsSecrets(sender).system
  const addresses = nodeAddresses(sender, installation)
  return strayNodes(snapshot).flatMap(({ name, fault }): readonly DesiredReload[] => {
    const address = addresses.find(({ node }) => node === name)
    return address ? [{ type: 'natsReload', address, systemSecret, reason: fault }] : []
  })
}

/** The stream and its consumer, once NATS was reached and lacks them or has them otherwise. */
function queue(snapshot: Snapshot): readonly DesiredQueue[] {
  const { sender, installation, evidence } = snapshot
  const seen = evidence.jetstream?.seen
  // A server without its key has lost sight of the stream, not the stream.
  if (!seen?.reached || !hasItsKey(snapshot)) return []
  const reason = queueFault(seen)
  if (reason === undefined) return []
  const names = workQueueNames(sender.namespace, sender.name)
  return [
    {
      type: 'queue',
      access: operatorAccess(sender, installation),
      stream: streamConfig(names, queueReplicas(snapshot)),
      consumer: consumerConfig(names),
      reason,
    },
  ]
}

function hasItsKey(snapshot: Snapshot): boolean {
  const { state } = dataKey(snapshot)
  return state === 'off' || state === 'good'
}

function queueFault({ stream, consumer }: JetstreamSeen & { reached: true }): string | undefined {
  const parts = [stream, consumer]
  if (parts.some((part) => !part.exists)) return 'missing'
  return parts.some((part) => part.exists && part.differs.length > 0) ? 'differs' : undefined
}

export function queueReplicas({ sender }: Pick<Snapshot, 'sender'>): number {
  return sender.spec.nats.external ? (sender.spec.nats.external.replicas ?? 1) : natsNodes(sender).length
}
