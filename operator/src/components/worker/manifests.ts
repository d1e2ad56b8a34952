/** The Kubernetes objects of the worker. */
import type { Snapshot } from '../snapshot.ts'
import type { DeploymentManifest, ServiceAccountManifest, ServiceManifest } from '../parts/manifests.ts'
import { childName, labels, selectorLabels } from '../parts/labels.ts'
import { TEMPLATE_HASH } from '../../vocabulary/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { placed, podMetadata, spread } from '../parts/placement.ts'
import { containerSecurityContext, podSecurityContext } from '../parts/podSecurity.ts'
import { scaleOf } from './scaling.ts'
import { HTTP_PORT, INTERNAL_PORT } from '../parts/ports.ts'
import { environment, volumeMounts, volumes } from './environment.ts'

const PART = 'worker'
export const PROGRAM = 'worker/src/main.js'

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
      selector: labels(sender, PART),
      ports: [
        { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
        { name: 'internal', port: INTERNAL_PORT, targetPort: 'internal', protocol: 'TCP' },
      ],
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
        metadata: podMetadata(sender, PART, worker, { [TEMPLATE_HASH]: templateHash }),
        spec: {
          ...podBase(snapshot),
          ...placed(worker),
          topologySpreadConstraints: spread(sender, PART, worker.topologySpreadConstraints),
          volumes: volumes(snapshot),
          // Longer than the worker needs to finish what it is sending.
          terminationGracePeriodSeconds: 60,
          containers: [
            {
              ...containerBase(snapshot),
              name: PART,
              command: ['node', PROGRAM, 'serve'],
              env: environment(snapshot),
              volumeMounts: volumeMounts(snapshot),
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

/** Of every pod of the worker's image. */
export function podBase({ sender, installation }: Snapshot) {
  return {
    serviceAccountName: childName(sender, PART),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurityContext(installation),
  }
}

export function containerBase(snapshot: Snapshot) {
  return {
    image: workerImage(snapshot),
    imagePullPolicy: snapshot.installation.imagePullPolicy,
    securityContext: containerSecurityContext,
    resources: snapshot.sender.spec.worker.resources ?? {
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { memory: '512Mi' },
    },
  }
}
