/** The Kubernetes objects of managed NATS. */
import type { Sender, Snapshot } from '../snapshot.ts'
import type { V1EnvVar } from '@kubernetes/client-node'
import type { ConfigMapManifest, Raw, ServiceManifest, StatefulSetManifest } from '../parts/manifests.ts'
import { labels, selectorLabels } from '../parts/labels.ts'
import { DATA_KEY, DATA_KEY_ID } from '../../vocabulary/dataKey.ts'
import { RESTARTED, TEMPLATE_HASH, TRUST_HASH } from '../../vocabulary/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { natsPlacement, placed, podMetadata, spread } from '../parts/placement.ts'
import { CLIENT_PORT, CLUSTER_PORT, MONITOR_PORT, natsNodes, natsSecrets } from '../parts/natsTopology.ts'
import { containerSecurityContext, podSecurityContext } from '../parts/podSecurity.ts'
import {
  CONFIG_DIR,
  DATA_DIR,
  DATA_KEY_VARIABLE,
  natsConfiguration,
  RUN_DIR,
  TLS_DIR,
} from './configuration.ts'
import { dataKeySecrets } from './dataKey.ts'

const PART = 'nats'

export function configMap({ sender, installation }: Snapshot): ConfigMapManifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(sender, PART),
    data: { 'nats.conf': natsConfiguration(sender, installation) },
  }
}

/** Headless: clients and routes dial nodes by name, also before they are ready. */
export function service({ sender }: Snapshot): ServiceManifest {
  const port = (name: string, number: number) => ({ name, port: number, targetPort: number, protocol: 'TCP' })
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(sender, PART),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: labels(sender, PART),
      ports: [port('client', CLIENT_PORT), port('cluster', CLUSTER_PORT), port('monitor', MONITOR_PORT)],
    },
  }
}

/**
 * What rolls the pods. A renewed certificate does not: the server reads it again when it is told to.
 * @property hash of the configuration
 * @property trust of the CA that they are started to trust
 * @property keyId of the key that the volumes are encrypted with, if they are
 * @property restart of nodes that had to be started anew, if any had to
 */
export interface Rolling {
  readonly hash: string
  readonly trust: string | undefined
  readonly keyId: string | undefined
  readonly restart: string | undefined
}

function rollingAnnotations({ hash, trust, keyId, restart }: Rolling): Readonly<Record<string, string>> {
  return {
    [TEMPLATE_HASH]: hash,
    ...(trust !== undefined && { [TRUST_HASH]: trust }),
    ...(restart !== undefined && { [RESTARTED]: restart }),
    ...(keyId !== undefined && { [DATA_KEY_ID]: keyId }),
  }
}

export function statefulSet({ sender, installation }: Snapshot, rolling: Rolling): StatefulSetManifest {
  const { managed } = sender.spec.nats
  const storageClassName = managed?.storage?.storageClassName
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(sender, PART),
    spec: {
      replicas: natsNodes(sender).length,
      serviceName: `${sender.name}-${PART}`,
      // A cluster forms only when all nodes start together; this cannot be changed later.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: selectorLabels(sender, PART) },
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: sender.spec.deletionPolicy === 'Delete' ? 'Delete' : 'Retain',
        whenScaled: 'Retain',
      },
      template: {
        metadata: podMetadata(sender, PART, natsPlacement(sender.spec), rollingAnnotations(rolling)),
        spec: podSpec(sender, installation, rolling.keyId !== undefined),
      },
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            volumeMode: 'Filesystem',
            resources: { requests: { storage: managed?.storage?.size ?? '10Gi' } },
            ...(storageClassName !== undefined && { storageClassName }),
          },
          // The list is atomic, and the server would add this.
          status: { phase: 'Pending' },
        },
      ],
    },
  }
}

function environment(sender: Sender, encrypted: boolean): Raw<V1EnvVar>[] {
  const { first } = dataKeySecrets(sender)
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    ...(encrypted
      ? [{ name: DATA_KEY_VARIABLE, valueFrom: { secretKeyRef: { name: first, key: DATA_KEY } } }]
      : []),
  ]
}

/** One node alone has nothing to spread. */
function spreadOf(sender: Sender) {
  const given = sender.spec.nats.managed?.topologySpreadConstraints
  const isMoot = given === undefined && natsNodes(sender).length < 2
  return isMoot ? {} : { topologySpreadConstraints: spread(sender, PART, given) }
}

function podSpec(sender: Sender, installation: Snapshot['installation'], encrypted: boolean) {
  const resources = sender.spec.nats.managed?.resources
  const probe = (path: string, more: object) => ({
    httpGet: { path, port: 'monitor', scheme: 'HTTP' },
    timeoutSeconds: 5,
    ...more,
  })
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: podSecurityContext(installation),
    ...placed(natsPlacement(sender.spec)),
    ...spreadOf(sender),
    containers: [
      {
        name: 'nats',
        image: installation.natsImage,
        imagePullPolicy: installation.imagePullPolicy,
        args: ['--config', `${CONFIG_DIR}/nats.conf`],
        env: environment(sender, encrypted),
        ports: [
          { name: 'client', containerPort: CLIENT_PORT, protocol: 'TCP' },
          { name: 'cluster', containerPort: CLUSTER_PORT, protocol: 'TCP' },
          { name: 'monitor', containerPort: MONITOR_PORT, protocol: 'TCP' },
        ],
        securityContext: containerSecurityContext,
        resources: resources ?? {
          requests: { cpu: '50m', memory: '64Mi' },
          limits: { memory: '512Mi' },
        },
        startupProbe: probe('/healthz?js-server-only=true', { periodSeconds: 1, failureThreshold: 120 }),
        readinessProbe: probe('/healthz?js-server-only=true', { periodSeconds: 5 }),
        livenessProbe: probe('/healthz?js-enabled-only=true', { periodSeconds: 30 }),
        // Clients are asked to leave before the server ends.
        lifecycle: { preStop: { exec: { command: ['nats-server', '--signal', `ldm=${RUN_DIR}/nats.pid`] } } },
        volumeMounts: [
          { name: 'data', mountPath: DATA_DIR },
          { name: 'config', mountPath: CONFIG_DIR, readOnly: true },
          { name: 'tls', mountPath: TLS_DIR, readOnly: true },
          { name: 'run', mountPath: RUN_DIR },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: `${sender.name}-${PART}`, defaultMode: 0o444 } },
      { name: 'tls', secret: { secretName: natsSecrets(sender).server, defaultMode: 0o440 } },
      { name: 'run', emptyDir: {} },
    ],
  }
}
