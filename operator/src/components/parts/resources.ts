/** The Kubernetes kinds that components own, and how their manifests are typed. */
import type {
  V1ConfigMap,
  V1Deployment,
  V1Job,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
} from '@kubernetes/client-node'
import type { KubernetesObject, Resource } from '../../runtime/object.ts'

/** The client's model of an object as it travels: instants are strings, not `Date`s. */
export type Raw<Model> = Model extends Date
  ? string
  : Model extends (infer Element)[]
    ? readonly Raw<Element>[]
    : Model extends object
      ? { readonly [Field in keyof Model]: Raw<Model[Field]> }
      : Model

/** A manifest of one kind: complete enough to apply. */
export type Manifest<Model> = Raw<Model> & KubernetesObject

const core = (kind: string, plural: string): Resource => ({
  apiVersion: 'v1',
  kind,
  plural,
  namespaced: true,
})

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
export const PodDisruptionBudget: Resource = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
}

export type ConfigMapManifest = Manifest<V1ConfigMap>
export type DeploymentManifest = Manifest<V1Deployment>
export type JobManifest = Manifest<V1Job>
export type PodDisruptionBudgetManifest = Manifest<V1PodDisruptionBudget>
export type SecretManifest = Manifest<V1Secret>
export type ServiceAccountManifest = Manifest<V1ServiceAccount>
export type ServiceManifest = Manifest<V1Service>
export type StatefulSetManifest = Manifest<V1StatefulSet>
