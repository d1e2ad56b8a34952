/** The PodDisruptionBudget of every workload. */
import type { PodDisruptionBudgetManifest } from './manifests.ts'
import type { Sender } from '../snapshot.ts'
import { labels } from './labels.ts'
import { metadata } from './metadata.ts'

/**
 * One pod at a time, whatever their number: a least number of one would forbid draining a single pod for ever. What is
 * not ready anyway may go, or an outage of something else would hold every drain up.
 */
export function disruptionBudget(sender: Sender, part: string): PodDisruptionBudgetManifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(sender, part),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      // A pod of a Job has no scale, and one among them would keep the budget from being worked out.
      selector: { matchLabels: labels(sender, part) },
    },
  }
}
