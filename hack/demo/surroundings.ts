/** What a BatchSender needs around it in a namespace of the local cluster: databases, S3, an SMTP sink, Secrets. */
import { createHash, randomBytes } from 'node:crypto'
import type { Cluster } from '../cluster/cluster.ts'
import { kubectl } from '../cluster/cluster.ts'
import { rendered } from './overlay.ts'
import { placedStandins } from './placedImages.ts'

export interface Credentials {
  readonly apiToken: string
  readonly postgresPassword: string
  readonly clickhousePassword: string
  readonly s3AccessKey: string
  readonly s3SecretKey: string
}

const WORKLOADS = ['postgres', 'clickhouse', 's3', 'smtp-sink'] as const

/** Applies everything and waits for it; credentials of an earlier run stay. */
export async function ensureSurroundings(cluster: Cluster, namespace: string): Promise<Credentials> {
  const images = await placedStandins(cluster)
  const manifests = await rendered(cluster, { base: 'samples/demo', namespace, images })
  await kubectl(cluster, ['apply', '--server-side', '-f', '-'], manifests)
  const credentials = await ensureSecrets(cluster, namespace)
  await Promise.all(
    WORKLOADS.map((name) =>
      kubectl(cluster, ['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=240s']),
    ),
  )
  return credentials
}

async function ensureSecrets(cluster: Cluster, namespace: string): Promise<Credentials> {
  const known = await readCredentials(cluster, namespace)
  const credentials = known ?? newCredentials()
  const { apiToken, postgresPassword, clickhousePassword, s3AccessKey, s3SecretKey } = credentials
  const digest = createHash('sha256').update(apiToken).digest('hex')
  const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    // The token itself is kept for the next `make run`; the worker only ever sees its hash.
    'demo-credentials': { ...credentials },
    'api-tokens': { demo: `sha256:${digest}` },
    'postgres-superuser': { password: postgresPassword },
    postgres: { url: postgresUrl(`postgres.${namespace}.svc.cluster.local`, postgresPassword) },
    clickhouse: { username: 'batchsender', password: clickhousePassword },
    s3: { accessKey: s3AccessKey, secretKey: s3SecretKey },
  }
  const items = Object.entries(secrets).map(([name, stringData]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  }))
  await kubectl(
    cluster,
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  )
  return credentials
}

export function postgresUrl(host: string, password: string): string {
  return `postgres://batchsender:${password}@${host}:5432/postgres`
}

async function readCredentials(cluster: Cluster, namespace: string): Promise<Credentials | undefined> {
  const answer = await kubectl(cluster, [
    '-n',
    namespace,
    'get',
    'secret',
    'demo-credentials',
    '--ignore-not-found',
    '-o',
    'json',
  ])
  if (answer.trim() === '') return undefined
  const { data } = JSON.parse(answer) as { data: Record<keyof Credentials, string> }
  const decode = (key: keyof Credentials) => Buffer.from(data[key], 'base64').toString()
  return {
    apiToken: decode('apiToken'),
    postgresPassword: decode('postgresPassword'),
    clickhousePassword: decode('clickhousePassword'),
    s3AccessKey: decode('s3AccessKey'),
    s3SecretKey: decode('s3SecretKey'),
  }
}

function newCredentials(): Credentials {
  const secret = () => randomBytes(24).toString('hex')
  return {
    apiToken: `bs_${secret()}`,
    postgresPassword: secret(),
    clickhousePassword: secret(),
    s3AccessKey: randomBytes(10).toString('hex'),
    s3SecretKey: secret(),
  }
}
