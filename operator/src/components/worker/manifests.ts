/** The Kubernetes objects of the worker. */
import type { Sender, Snapshot } from '../snapshot.ts'
import type { V1TopologySpreadConstraint } from '@kubernetes/client-node'
import type {
  Raw,
  DeploymentManifest,
  JobManifest,
  ServiceAccountManifest,
  ServiceManifest,
} from '../parts/manifests.ts'
import { childName, labels, selectorLabels } from '../parts/labels.ts'
import { TEMPLATE_HASH } from '../../vocabulary/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { containerSecurityContext, podSecurityContext } from '../parts/podSecurity.ts'
import { scaleOf } from './scaling.ts'
import {
  environment,
  HTTP_PORT,
  INTERNAL_PORT,
  migrationEnvironment,
  volumeMounts,
  volumes,
} from './environment.ts'

const PART = 'worker'
const MIGRATION = 'migration'
const PROGRAM = 'worker/src/main.js'

export function workerImage({ sender, installation }: Snapshot): string {
  return sender.spec.worker.image ?? installation.workerImage
}

export function serviceAccount({ sender }: Snapshot): ServiceAccountManifest {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(sender, PART),
    automountServiceAccountToken: false,
  }
}

export function service({ sender }: Snapshot): ServiceManifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(sender, PART),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(sender, PART),
      ports: [
        { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
        { name: 'internal', port: INTERNAL_PORT, targetPort: 'internal', protocol: 'TCP' },
      ],
    },
  }
}

/** Its name carries what it migrates for: another image or database is another Job. */
export function migrationJob(snapshot: Snapshot, name: string): JobManifest {
  const { sender } = snapshot
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata(sender, MIGRATION), name },
    spec: {
      backoffLimit: 10,
      activeDeadlineSeconds: 3_600,
      template: {
        metadata: { labels: labels(sender, MIGRATION) },
        spec: {
          ...podBase(snapshot),
          restartPolicy: 'Never',
          containers: [
            {
              ...containerBase(snapshot),
              name: MIGRATION,
              command: ['node', PROGRAM, 'migrate'],
              env: migrationEnvironment(snapshot),
            },
          ],
        },
      },
    },
  }
}

export function deployment(snapshot: Snapshot, templateHash: string): DeploymentManifest {
  const { sender } = snapshot
  const { worker } = sender.spec
  const { sent } = scaleOf(snapshot)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(sender, PART),
    spec: {
      ...(sent !== undefined && { replicas: sent }),
      revisionHistoryLimit: 5,
      progressDeadlineSeconds: 300,
      selector: { matchLabels: selectorLabels(sender, PART) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels: { ...worker.podLabels, ...labels(sender, PART) },
          annotations: { ...worker.podAnnotations, [TEMPLATE_HASH]: templateHash },
        },
        spec: {
          ...podBase(snapshot),
          ...placement(sender),
          // Longer than the worker needs to finish what it is sending.
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              ...containerBase(snapshot),
              name: PART,
              command: ['node', PROGRAM, 'serve'],
              env: environment(snapshot),
              ports: [
                { name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' },
                { name: 'internal', containerPort: INTERNAL_PORT, protocol: 'TCP' },
              ],
              startupProbe: probe('/livez', { periodSeconds: 1, failureThreshold: 60 }),
              readinessProbe: probe('/readyz', { periodSeconds: 5 }),
              livenessProbe: probe('/livez', { periodSeconds: 20 }),
            },
          ],
        },
      },
    },
  }
}

function probe(path: string, more: object) {
  return { httpGet: { path, port: 'internal', scheme: 'HTTP' }, timeoutSeconds: 5, ...more }
}

function podBase(snapshot: Snapshot) {
  const { imagePullSecrets } = snapshot.sender.spec.worker
  return {
    serviceAccountName: childName(snapshot.sender, PART),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurityContext,
    volumes: volumes(snapshot),
    ...(imagePullSecrets && imagePullSecrets.length > 0 && { imagePullSecrets }),
  }
}

function containerBase(snapshot: Snapshot) {
  return {
    image: workerImage(snapshot),
    imagePullPolicy: snapshot.installation.imagePullPolicy,
    securityContext: containerSecurityContext,
    resources: snapshot.sender.spec.worker.resources ?? {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    },
    volumeMounts: volumeMounts(snapshot),
  }
}

function placement(sender: Sender) {
  const { nodeSelector, tolerations, affinity, topologySpreadConstraints } = sender.spec.worker
  return {
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations: [...tolerations] }),
    ...(affinity && { affinity }),
    topologySpreadConstraints: passedOn<V1TopologySpreadConstraint>(topologySpreadConstraints) ?? [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorLabels(sender, PART) },
      },
    ],
  }
}

/** What the user wrote, as the pod spec takes it: the API server is the one to say what is wrong with it. */

function passedOn<Model>(list: readonly object[] | undefined): Raw<Model>[] | undefined {
  return list as Raw<Model>[] | undefined
}
