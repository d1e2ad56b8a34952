/**
 * How Prometheus finds the workers and judges them, and how Grafana shows them: a ServiceMonitor and a PrometheusRule, in
 * clusters that have these kinds, now or later, and dashboards in a ConfigMap.
 */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { Snapshot } from '../snapshot.ts'
import { ConfigMap, PrometheusRule, ServiceMonitor } from '../../vocabulary/kinds.ts'
import { component } from '../component.ts'
import { childOf, isServed } from '../snapshot.ts'
import { partsOf, type Part } from './objects.ts'

interface Observed {
  /** `ServiceMonitor orders-worker`, of what the spec asks for. */
  readonly wanted: readonly string[]
  /** `ServiceMonitors`, of those that the cluster does not have. */
  readonly missingKinds: readonly string[]
  readonly absent: readonly string[]
}

export const monitoring = component<'MonitoringReady', Observed>({
  name: 'monitoring',
  conditionType: 'MonitoringReady',
  owns: [ServiceMonitor, PrometheusRule, ConfigMap],
  prunes: [ServiceMonitor, PrometheusRule, ConfigMap],

  desired(snapshot): readonly Desired[] {
    return partsOf(snapshot.sender)
      .filter(({ resource }) => isServed(snapshot, resource))
      .flatMap(({ resource, name, make }): Desired[] => {
        if (make) return [{ type: 'object', resource, object: make() }]
        const present = childOf(snapshot, resource, name) !== undefined
        return present ? [{ type: 'absent', resource, name, reason: 'not wanted' }] : []
      })
  },

  observe(snapshot) {
    const wanted = partsOf(snapshot.sender).filter(({ make }) => make !== undefined)
    const served = wanted.filter(({ resource }) => isServed(snapshot, resource))
    return {
      wanted: wanted.map(told),
      missingKinds: missingKinds(snapshot),
      absent: served.filter(({ resource, name }) => !childOf(snapshot, resource, name)).map(told),
    }
  },

  condition({ wanted, missingKinds: kinds, absent }): Verdict<'MonitoringReady'> {
    if (wanted.length === 0)
      return {
        status: 'True',
        reason: 'NotConfigured',
        message: 'the spec asks for no metrics, alerts or dashboards',
      }
    if (absent.length > 0)
      return { status: 'False', reason: 'Applying', message: `not there yet: ${absent.join(', ')}` }
    if (kinds.length > 0)
      return {
        status: 'True',
        reason: 'NotInstalled',
        message: `the cluster has no ${kinds.join(' and no ')} (monitoring.coreos.com/v1): ours ${kinds.length > 1 ? 'are' : 'is'} written as soon as it has`,
      }
    return { status: 'True', reason: 'Applied', message: `there: ${wanted.join(', ')}` }
  },
})

/** Of what is asked for, in the plural. */
export function missingKinds(snapshot: Snapshot): readonly string[] {
  return partsOf(snapshot.sender)
    .filter(({ resource, make }) => make !== undefined && !isServed(snapshot, resource))
    .map(({ resource }) => `${resource.kind}s`)
}

export const told = ({ resource, name }: Part): string => `${resource.kind} ${name}`
