/** The Kubernetes kinds that the operator deals in. */
import type { Resource } from '../runtime/object.ts'
import { GROUP, KIND, PLURAL, VERSION } from '../../../crds/schema/batchsender.ts'

export const BatchSender: Resource = {
  apiVersion: `${GROUP}/${VERSION}`,
  kind: KIND,
  plural: PLURAL,
  namespaced: true,
}

const core = (kind: string, plural: string): Resource => ({
  apiVersion: 'v1',
  kind,
  plural,
  namespaced: true,
})

export const Lease: Resource = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}

export const ConfigMap = core('ConfigMap', 'configmaps')
export const Secret = core('Secret', 'secrets')
export const Service = core('Service', 'services')
export const ServiceAccount = core('ServiceAccount', 'serviceaccounts')
export const Deployment: Resource = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
export const StatefulSet: Resource = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
}
export const Job: Resource = { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true }
export const CronJob: Resource = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
}
export const PersistentVolumeClaim = core('PersistentVolumeClaim', 'persistentvolumeclaims')
export const Pod = core('Pod', 'pods')
export const PodDisruptionBudget: Resource = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
}
export const HorizontalPodAutoscaler: Resource = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
}
export const NetworkPolicy: Resource = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
}
