/** How manifests are typed: the client's models, as raw JSON. */
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
import type { KubernetesObject } from '../../runtime/object.ts'

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

export type ConfigMapManifest = Manifest<V1ConfigMap>
export type DeploymentManifest = Manifest<V1Deployment>
export type JobManifest = Manifest<V1Job>
export type PodDisruptionBudgetManifest = Manifest<V1PodDisruptionBudget>
export type SecretManifest = Manifest<V1Secret>
export type ServiceAccountManifest = Manifest<V1ServiceAccount>
export type ServiceManifest = Manifest<V1Service>
export type StatefulSetManifest = Manifest<V1StatefulSet>
