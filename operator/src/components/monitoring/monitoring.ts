/** How Prometheus finds the workers: a ServiceMonitor, in clusters that have that kind, now or later. */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { Snapshot } from '../snapshot.ts'
import { ServiceMonitor } from '../../vocabulary/kinds.ts'
import { component } from '../component.ts'
import { selectorLabels } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { childOf, isServed } from '../snapshot.ts'

const PART = 'worker'

interface Observed {
  readonly wanted: boolean
  readonly installed: boolean
  readonly present: boolean
}

export const monitoring = component<'MonitoringReady', Observed>({
  name: 'monitoring',
  conditionType: 'MonitoringReady',
  owns: [ServiceMonitor],
  prunes: [ServiceMonitor],

  desired(snapshot): readonly Desired[] {
    const { wanted, installed, present } = facts(snapshot)
    if (!installed) return []
    if (wanted) return [{ type: 'object', resource: ServiceMonitor, object: serviceMonitor(snapshot) }]
    const { name } = metadata(snapshot.sender, PART)
    return present ? [{ type: 'absent', resource: ServiceMonitor, name, reason: 'not wanted' }] : []
  },

  observe: facts,

  condition({ wanted, installed, present }): Verdict<'MonitoringReady'> {
    if (!wanted)
      return { status: 'True', reason: 'NotConfigured', message: 'the spec asks for no ServiceMonitor' }
    if (!installed)
      return {
        status: 'True',
        reason: 'NotInstalled',
        message:
          'the cluster has no ServiceMonitors (monitoring.coreos.com/v1): ours is written as soon as it has',
      }
    return present
      ? { status: 'True', reason: 'Applied', message: 'the ServiceMonitor is there' }
      : { status: 'False', reason: 'Applying', message: 'the ServiceMonitor is not there yet' }
  },
})

function facts(snapshot: Snapshot): Observed {
  const { name } = metadata(snapshot.sender, PART)
  return {
    wanted: snapshot.sender.spec.monitoring?.serviceMonitor !== undefined,
    installed: isServed(snapshot, ServiceMonitor),
    present: childOf(snapshot, ServiceMonitor, name) !== undefined,
  }
}

/** The port that serves metrics is open to whom `spec.network.monitoring` names. */
function serviceMonitor({ sender }: Snapshot) {
  const { interval = '30s', labels = {} } = sender.spec.monitoring?.serviceMonitor ?? {}
  const own = metadata(sender, PART)
  return {
    apiVersion: ServiceMonitor.apiVersion,
    kind: ServiceMonitor.kind,
    metadata: { ...own, labels: { ...labels, ...own.labels } },
    spec: {
      selector: { matchLabels: selectorLabels(sender, PART) },
      endpoints: [{ port: 'internal', path: '/metrics', interval }],
    },
  }
}
