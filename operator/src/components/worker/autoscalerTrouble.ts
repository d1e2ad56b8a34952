/** An autoscaler that cannot see what it should scale by: the workers run, and their number does not follow the load. */
import type { HorizontalPodAutoscalerManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import { HorizontalPodAutoscaler } from '../../vocabulary/kinds.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'
import { childName } from '../parts/labels.ts'
import { childOf } from '../snapshot.ts'

/** The first figures of new pods take a while. */
const PATIENCE_MS = 120_000

/** @returns `; HorizontalPodAutoscaler x does not scale: …`; empty when it does, or there is none. */
export function autoscalerTrouble(snapshot: Snapshot): string {
  const name = childName(snapshot.sender, 'worker')
  const live = childOf<HorizontalPodAutoscalerManifest>(snapshot, HorizontalPodAutoscaler, name)
  const blind = live?.status?.conditions?.find(
    ({ type, status, reason }) =>
      type === 'ScalingActive' && status === 'False' && reason !== 'ScalingDisabled',
  )
  const since = new Date(blind?.lastTransitionTime ?? snapshot.now)
  if (!blind || snapshot.now.getTime() - since.getTime() < PATIENCE_MS) return ''
  return `; HorizontalPodAutoscaler ${name} does not scale: ${firstSentence(blind.message ?? blind.reason ?? 'no figures')}`
}
