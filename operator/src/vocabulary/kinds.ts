/** The Kubernetes kinds that the operator deals in. */
import type { Resource } from '../runtime/object.ts'
import { GROUP, KIND, PLURAL, VERSION } from '../../../crds/schema/batchsender.ts'

/** One that the operator writes. @property rank of what comes first; those of one rank need nothing of each other */
export interface OwnedKind extends Resource {
  readonly rank: number
}

function kind(apiVersion: string, name: string, plural: string): Resource {
  return { apiVersion, kind: name, plural, namespaced: true }
}

function owned(rank: number, apiVersion: string, name: string, plural: string): OwnedKind {
  return { ...kind(apiVersion, name, plural), rank }
}

export const BatchSender = kind(`${GROUP}/${VERSION}`, KIND, PLURAL)
export const Lease = kind('coordination.k8s.io/v1', 'Lease', 'leases')
export const PersistentVolumeClaim = kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims')
export const Pod = kind('v1', 'Pod', 'pods')
/** Keys and certificates: effects of their own. */
export const Secret = kind('v1', 'Secret', 'secrets')

export const ConfigMap = owned(1, 'v1', 'ConfigMap', 'configmaps')
export const ServiceAccount = owned(1, 'v1', 'ServiceAccount', 'serviceaccounts')
export const Service = owned(2, 'v1', 'Service', 'services')
export const NetworkPolicy = owned(2, 'networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies')
export const PodDisruptionBudget = owned(2, 'policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets')
export const ServiceMonitor = {
  ...owned(3, 'monitoring.coreos.com/v1', 'ServiceMonitor', 'servicemonitors'),
  optional: true,
} as const
export const PrometheusRule = {
  ...owned(3, 'monitoring.coreos.com/v1', 'PrometheusRule', 'prometheusrules'),
  optional: true,
} as const
export const StatefulSet = owned(4, 'apps/v1', 'StatefulSet', 'statefulsets')
export const CronJob = owned(6, 'batch/v1', 'CronJob', 'cronjobs')
export const Job = owned(6, 'batch/v1', 'Job', 'jobs')
export const Deployment = owned(7, 'apps/v1', 'Deployment', 'deployments')
/** What limits a route comes before it: Traefik does not serve one that names a Middleware that is not there. */
export const Middleware = {
  ...owned(2, 'traefik.io/v1alpha1', 'Middleware', 'middlewares'),
  optional: true,
} as const
export const BackendTrafficPolicy = {
  ...owned(2, 'gateway.envoyproxy.io/v1alpha1', 'BackendTrafficPolicy', 'backendtrafficpolicies'),
  optional: true,
} as const
export const HTTPRoute = {
  ...owned(3, 'gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes'),
  optional: true,
} as const
export const HorizontalPodAutoscaler = owned(
  8,
  'autoscaling/v2',
  'HorizontalPodAutoscaler',
  'horizontalpodautoscalers',
)
