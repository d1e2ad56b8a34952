/** The operator's own environment, parsed once. */
import type { Installation } from './components/snapshot.ts'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { imageText, RELEASE } from '../../crds/release.ts'

export interface OperatorSettings {
  /** Empty: every namespace. */
  readonly watchNamespaces: readonly string[]
  /** Where the lease lives. */
  readonly namespace: string
  readonly identity: string
  readonly probePort: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly leaderElection: boolean
  /** A kubeconfig to use outside a pod. */
  readonly kubeconfig?: string
  /** Address of the API server inside a pod. */
  readonly inCluster?: { readonly host: string; readonly port: string }
  /** For tests, whose servers listen on the loopback interface. */
  readonly allowLoopback: boolean
  readonly installation: Installation
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where its own manifests put it. */
export const OPERATOR_NAMESPACE = 'batchsender-system'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const POD_USERS = ['Fixed', 'Assigned'] as const
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'] as const

/** @throws Error naming the variable at fault. */
export function parseSettings(environment: Environment = process.env): OperatorSettings {
  const text = (name: string, standard: string) => {
    const value = environment[name] ?? ''
    return value === '' ? standard : value
  }
  const kubeconfig = environment['KUBECONFIG']
  const host = environment['KUBERNETES_SERVICE_HOST']
  const namespace = text('OPERATOR_NAMESPACE', OPERATOR_NAMESPACE)
  return {
    watchNamespaces: text('WATCH_NAMESPACES', '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    namespace,
    // Two processes on one host must not take each other for themselves.
    identity: text('OPERATOR_NAME', `${hostname()}_${randomUUID()}`),
    probePort: port(text('PROBE_PORT', '8080')),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL', 'info'), LEVELS),
    leaderElection: text('LEADER_ELECTION', 'true') === 'true',
    allowLoopback: environment['DIAL_LOOPBACK'] === 'true',
    ...(kubeconfig !== undefined && kubeconfig !== '' && { kubeconfig }),
    ...(host !== undefined && { inCluster: { host, port: text('KUBERNETES_SERVICE_PORT', '443') } }),
    installation: {
      workerImage: text('WORKER_IMAGE', imageText(RELEASE.images.worker)),
      natsImage: text('NATS_IMAGE', imageText(RELEASE.images.nats)),
      imagePullPolicy: oneOf('IMAGE_PULL_POLICY', text('IMAGE_PULL_POLICY', 'IfNotPresent'), PULL_POLICIES),
      clusterDomain: text('CLUSTER_DOMAIN', 'cluster.local'),
      podUser: oneOf('POD_USER', text('POD_USER', 'Fixed'), POD_USERS),
      operatorNamespace: namespace,
    },
  }
}

function port(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new Error('PROBE_PORT must be a number from 0 to 65535')
  return number
}

function oneOf<Value extends string>(name: string, text: string, values: readonly Value[]): Value {
  const value = values.find((candidate) => candidate === text)
  if (value === undefined) throw new Error(`${name} must be one of ${values.join(', ')}`)
  return value
}
