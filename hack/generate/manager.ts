/** The operator's own manifests: namespace, ServiceAccount, images, Deployment. */
import type {
  V1Container,
  V1Namespace,
  V1PodSecurityContext,
  V1PodTemplate,
  V1Probe,
} from '@kubernetes/client-node'
import type {
  DeploymentManifest,
  Manifest,
  Raw,
  ServiceAccountManifest,
} from '../../operator/src/components/parts/manifests.ts'
import { imageText, type Release } from '../../crds/release.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { OPERATOR } from '../../operator/src/vocabulary/labels.ts'
import { documents } from './documents.ts'

const PART_OF = { 'app.kubernetes.io/part-of': 'batchsender' }
const SELECTOR = { 'app.kubernetes.io/name': OPERATOR }
const LABELS = { ...SELECTOR, ...PART_OF }

const POD_SECURITY: Raw<V1PodSecurityContext> = {
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const CONTAINED = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } as const

const namespace: Manifest<V1Namespace> = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: OPERATOR_NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
}

/** Without its namespace an overlay with another one would leave the role bindings to a ServiceAccount of this one. */
const serviceAccount: ServiceAccountManifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: OPERATOR, namespace: OPERATOR_NAMESPACE },
}

/**
 * The images of the pods that the operator makes. Nothing reads this in the cluster: it is where `images:` of an overlay
 * finds them, from here they go into the operator's environment (config/manager/kustomization.yaml).
 */
function images({ images: { worker, nats } }: Release): Manifest<V1PodTemplate> {
  return {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'batchsender-images', labels: PART_OF },
    template: {
      spec: {
        securityContext: POD_SECURITY,
        containers: [
          { name: 'worker', image: imageText(worker), securityContext: CONTAINED },
          { name: 'nats', image: imageText(nats), securityContext: CONTAINED },
        ],
      },
    },
  }
}

const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

const ENVIRONMENT = [
  fromField('OPERATOR_NAME', 'metadata.name'),
  fromField('OPERATOR_NAMESPACE', 'metadata.namespace'),
  // The namespace it lives in; empty means every namespace and needs config/rbac/cluster-wide.
  fromField('WATCH_NAMESPACES', 'metadata.namespace'),
  { name: 'WORKER_IMAGE', value: '$(BATCHSENDER_WORKER_IMAGE)' },
  { name: 'NATS_IMAGE', value: '$(BATCHSENDER_NATS_IMAGE)' },
]

const probe = (path: string, timing: Partial<Raw<V1Probe>>): Raw<V1Probe> => ({
  httpGet: { path, port: 'probes' },
  ...timing,
})

function container({ images: { operator } }: Release): Raw<V1Container> {
  return {
    name: 'operator',
    image: imageText(operator),
    imagePullPolicy: 'IfNotPresent',
    env: ENVIRONMENT,
    ports: [{ name: 'probes', containerPort: 8080 }],
    securityContext: { ...CONTAINED, readOnlyRootFilesystem: true },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    startupProbe: probe('/healthz', { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 }),
    readinessProbe: probe('/readyz', { periodSeconds: 5, timeoutSeconds: 5 }),
    // On a node with little CPU to spare it is slow, and started anew it would be slower.
    livenessProbe: probe('/healthz', { periodSeconds: 20, timeoutSeconds: 10 }),
  }
}

/** A second replica stands by with warm caches; the lease says who works. */
function deployment(release: Release): DeploymentManifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: OPERATOR, labels: LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: SELECTOR },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: OPERATOR,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 40,
          securityContext: POD_SECURITY,
          containers: [container(release)],
        },
      },
    },
  }
}

/** The chart puts its values into the same objects (chart/). */
export const managerObjects = (release: Release) => ({ serviceAccount, deployment: deployment(release) })

export const manager = (release: Release): string =>
  documents(namespace, serviceAccount, images(release), deployment(release))
