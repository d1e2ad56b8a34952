/** How manifests are typed: the client's models, as raw JSON. */
import type {
  V1ConfigMap,
  V1CronJob,
  V1Deployment,
  V1Job,
  V2HorizontalPodAutoscaler,
  V1NetworkPolicy,
  V1NetworkPolicyEgressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1NetworkPolicySpec,
  V1PodDisruptionBudget,
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
export type CronJobManifest = Manifest<V1CronJob>
export type DeploymentManifest = Manifest<V1Deployment>
export type HorizontalPodAutoscalerManifest = Manifest<V2HorizontalPodAutoscaler>
export type JobManifest = Manifest<V1Job>
export type NetworkPolicyPeer = Raw<V1NetworkPolicyPeer>
export type NetworkPolicyPort = Raw<V1NetworkPolicyPort>
export type EgressRule = Raw<V1NetworkPolicyEgressRule>
/** The client's model calls it `_from`, which is a word of other languages; on the wire it is `from`. */
export interface IngressRule {
  readonly from?: readonly NetworkPolicyPeer[]
  readonly ports?: readonly NetworkPolicyPort[]
}
export type NetworkPolicyManifest = Omit<Manifest<V1NetworkPolicy>, 'spec'> & {
  readonly spec: Omit<Raw<V1NetworkPolicySpec>, 'ingress'> & { readonly ingress?: readonly IngressRule[] }
} & KubernetesObject
export type PodDisruptionBudgetManifest = Manifest<V1PodDisruptionBudget>
export type ServiceAccountManifest = Manifest<V1ServiceAccount>
export type ServiceManifest = Manifest<V1Service>
export type StatefulSetManifest = Manifest<V1StatefulSet>
