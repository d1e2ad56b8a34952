/**
 * Proves that what tells Prometheus and Grafana of a BatchSender is in the cluster as it was written. Whether a Prometheus
 * chooses it, and whether its alerts reach anybody, only that Prometheus knows.
 */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { Part } from '../components/monitoring/objects.ts'
import { agrees } from '../components/monitoring/agrees.ts'
import { missingKinds, told } from '../components/monitoring/monitoring.ts'
import { partsOf } from '../components/monitoring/objects.ts'
import { childOf } from '../components/snapshot.ts'

export const monitoring: Check = {
  name: 'monitoring',

  prove(snapshot): Proof {
    const wanted = partsOf(snapshot.sender).filter(({ make }) => make !== undefined)
    if (wanted.length === 0)
      return { state: 'NotConfigured', message: 'spec.monitoring asks for no metrics, alerts or dashboards' }
    const kinds = missingKinds(snapshot)
    if (kinds.length > 0)
      return {
        state: 'Failing',
        message: `the cluster has no ${kinds.join(' and no ')} (monitoring.coreos.com/v1)`,
      }
    const faults = wanted.flatMap((part) => faultOf(part, snapshot))
    if (faults.length === 0)
      return { state: 'Proven', message: `there and unchanged: ${wanted.map(told).join(', ')}` }
    // What was just asked for has not been written yet.
    const { status, generation } = snapshot.sender
    const isNew = status.observedGeneration !== generation
    return { state: isNew ? 'Unknown' : 'Failing', message: faults.join('; ') }
  },
}

function faultOf(part: Part, snapshot: Snapshot): readonly string[] {
  const live = childOf(snapshot, part.resource, part.name)
  if (!live) return [`${told(part)} is not there`]
  return part.make && !agrees(live, part.make()) ? [`${told(part)} is not as it was written`] : []
}
