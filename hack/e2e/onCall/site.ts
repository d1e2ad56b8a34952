/** A BatchSender with everything that somebody may be called for, and who is called. */
import { makeLeaf } from '../../../operator/src/adapters/certificateAuthority.ts'
import { authority } from '../../../operator/src/testing/certificates.ts'
import { ensureCluster } from '../../cluster/cluster.ts'
import type { Endpoints } from '../../demo/mail.ts'
import { installOperator } from '../../demo/install.ts'
import { prepareMonitoring } from '../../monitoring/demo.ts'
import { sql, type Site } from '../breaks/hands.ts'
import { DataSite } from '../dataSite.ts'
import { FROM_HERE, type Environment } from '../environment.ts'
import { eventually } from '../eventually.ts'
import { startWatch, type Watch } from './watch.ts'

export interface OnCallSite extends Site {
  readonly watch: Watch
  /** As they were when all was well: they stay so. */
  readonly endpoints: Endpoints
  /** Does it again and again until `relent` is called. Only one thing at a time. */
  insist(what: (signal: AbortSignal) => Promise<unknown>): void
  relent(): Promise<void>
}

/** Seconds instead of a quarter of an hour, and a few wake-ups instead of ten thousand. */
export const THRESHOLDS = { stuckBatchAge: '1m', providerAway: '10s', backlog: 5 }

export async function openOnCall(namespace: string): Promise<OnCallSite> {
  const cluster = await ensureCluster()
  await installOperator(cluster, 'cluster-wide')
  await prepareMonitoring(cluster)
  const data = await DataSite.open(
    namespace,
    { incrementalSchedule: '* * * * *', retention: { fullBackups: 2 } },
    {
      objectives: { rpo: '3m' },
      monitoring: { rules: { thresholds: THRESHOLDS } },
      network: {
        clients: [FROM_HERE],
        natsClients: [FROM_HERE],
        monitoring: [FROM_HERE],
        egress: { postgres: [{ podSelector: { matchLabels: { app: 'postgres' } } }] },
      },
    },
  )
  const { here } = data
  await encryptPostgres(here)
  await here.kubectl('wait', '--for=create', 'prometheusrule/orders-alerts', '--timeout=120s')
  const watch = await startWatch(here.cluster, namespace)
  const endpoints = await here.endpoints()
  let insisting: { readonly ended: Promise<void>; readonly end: AbortController } | undefined
  const relent = async () => {
    insisting?.end.abort()
    await insisting?.ended
    insisting = undefined
  }
  return {
    here,
    watch,
    endpoints,
    noted: new Map(),
    insist: (what) => {
      const end = new AbortController()
      insisting = { end, ended: again(what, end.signal) }
    },
    relent,
    close: async () => {
      await relent()
      await watch.stop()
      await data.close()
    },
  }
}

/** Whatever comes of it: what is done to a system that is being broken may fail. */
async function again(what: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await what(signal).catch(() => undefined)
}

const DAY_MS = 86_400_000

/** Its own certificate, and workers that verify it. */
async function encryptPostgres(here: Environment): Promise<void> {
  const ca = await authority('postgres', 'p256')
  const host = `postgres.${here.namespace}.svc.cluster.local`
  const leaf = await makeLeaf(
    {
      role: 'leaf',
      commonName: host,
      dnsNames: [host],
      usages: ['serverAuth'],
      durationMs: 90 * DAY_MS,
      issuerSecret: '',
    },
    ca,
    new Date(),
  )
  const files = { 'server.crt': leaf['tls.crt'], 'server.key': leaf['tls.key'] }
  for (const [name, text] of Object.entries(files)) {
    const encoded = Buffer.from(text).toString('base64')
    await here.onVolume(
      'postgres',
      `echo ${encoded} | base64 -d > ${name} && chmod 600 ${name} && chown 65532:65532 ${name}`,
    )
  }
  await sql(
    here,
    `ALTER SYSTEM SET ssl_cert_file = '/data/server.crt'`,
    `ALTER SYSTEM SET ssl_key_file = '/data/server.key'`,
    'ALTER SYSTEM SET ssl = on',
    'SELECT pg_reload_conf()',
  )
  await believePostgres(here, ca.certificate)
  await eventually(
    'workers verify PostgreSQL',
    async () => ((await here.check('postgres-encrypted'))?.state === 'Proven' ? true : undefined),
    300_000,
  )
}

/** @param ca unset: nobody asks who is at the other end, or for TLS */
export const believePostgres = (here: Environment, ca: string | null): Promise<string> =>
  here.kubectl(
    'patch',
    'secret',
    'postgres',
    '--type=merge',
    '-p',
    JSON.stringify({ data: { 'ca.crt': ca === null ? null : Buffer.from(ca).toString('base64') } }),
  )
