/** A real etcd and kube-apiserver on the loopback interface, for tests that need no pods. */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCa, makeLeaf, type KeyPair } from '../../operator/src/adapters/certificateAuthority.ts'
import { binary } from '../cluster/binaries.ts'
import { AuditLog, type AuditEntry } from './auditLog.ts'
import { freePort } from './ports.ts'
import { startProcess, untilReady, type ServerProcess } from './process.ts'

export type { AuditEntry } from './auditLog.ts'

const DAY_MS = 86_400_000

export interface User {
  readonly name: string
  readonly groups?: readonly string[]
}

export interface ControlPlane {
  readonly url: string
  /** Kubeconfig of a user in system:masters. */
  readonly kubeconfig: string
  /** @param server to go another way than straight to the API server. */
  kubeconfigFor(user: User, server?: string): Promise<string>
  audit(): Promise<readonly AuditEntry[]>
  restartApiServer(): Promise<void>
  /** Forgets every version but the present one: whoever watches from an older one must list again. */
  compactEtcd(): Promise<void>
  stop(): Promise<void>
}

export async function startControlPlane(): Promise<ControlPlane> {
  const directory = await mkdtemp(join(tmpdir(), 'batchsender-control-plane-'))
  // For a run that ends before it could stop what it started.
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true })
  })
  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()]
  const ca = await makeCa({ role: 'ca', commonName: 'test-ca', durationMs: DAY_MS }, new Date())
  const files = await writeFiles(directory, ca)
  const url = `https://127.0.0.1:${apiPort}`
  const etcd = await startEtcd(directory, etcdPort, peerPort)
  const start = () => startApiServer(files, etcdPort, apiPort)
  let apiServer = await start()
  await untilReady('kube-apiserver', apiServer, () => answers(url))

  const kubeconfigFor = (user: User, server = url) => writeKubeconfig(directory, server, ca, user)
  const auditLog = new AuditLog(files.audit)
  return {
    url,
    kubeconfig: await kubeconfigFor({ name: 'admin', groups: ['system:masters'] }),
    kubeconfigFor,
    audit: () => auditLog.entries(),
    async restartApiServer() {
      await apiServer.stop('SIGKILL')
      apiServer = await start()
      await untilReady('kube-apiserver', apiServer, () => answers(url))
    },
    compactEtcd: () => compact(`http://127.0.0.1:${etcdPort}`),
    async stop() {
      await apiServer.stop('SIGKILL')
      await etcd.stop('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function startEtcd(directory: string, clientPort: number, peerPort: number): Promise<ServerProcess> {
  const client = `http://127.0.0.1:${clientPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  const etcd = startProcess(await binary('etcd'), [
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ])
  await untilReady('etcd', etcd, async () => (await fetch(`${client}/health`)).ok)
  return etcd
}

async function compact(etcd: string): Promise<void> {
  const call = async (path: string, body: object) => {
    const response = await fetch(`${etcd}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`etcd refused to ${path}: ${await response.text()}`)
    return (await response.json()) as { header: { revision: string } }
  }
  const { header } = await call('range', { key: Buffer.from('/').toString('base64') })
  await call('compaction', { revision: header.revision, physical: true })
}

type Files = Awaited<ReturnType<typeof writeFiles>>

async function writeFiles(directory: string, ca: KeyPair) {
  const file = async (name: string, text: string) => {
    const path = join(directory, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  const server = await leafOf(ca, 'kube-apiserver', ['localhost', 'kubernetes'], ['127.0.0.1'])
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  }
  await mkdir(join(directory, 'certs'))
  return {
    ca: await file('ca.crt', ca['ca.crt']),
    cert: await file('server.crt', server['tls.crt']),
    key: await file('server.key', server['tls.key']),
    accountsKey: await file(
      'sa.key',
      accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    accountsPub: await file('sa.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    policy: await file('audit.json', JSON.stringify(policy)),
    audit: join(directory, 'audit.log'),
    certs: join(directory, 'certs'),
  }
}

async function startApiServer(files: Files, etcdPort: number, apiPort: number): Promise<ServerProcess> {
  return startProcess(
    await binary('kube-apiserver'),
    [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--bind-address=127.0.0.1',
      // Loopback is refused as an endpoint; nothing here uses the one that is recorded instead.
      '--advertise-address=192.0.2.1',
      '--endpoint-reconciler-type=none',
      `--secure-port=${apiPort}`,
      `--tls-cert-file=${files.cert}`,
      `--tls-private-key-file=${files.key}`,
      `--client-ca-file=${files.ca}`,
      `--cert-dir=${files.certs}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${files.accountsPub}`,
      `--service-account-signing-key-file=${files.accountsKey}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--authorization-mode=RBAC',
      '--disable-admission-plugins=ServiceAccount',
      '--allow-privileged=true',
      `--audit-policy-file=${files.policy}`,
      `--audit-log-path=${files.audit}`,
      // At 100 MB, its standard, it would begin a new file and leave entries behind. 0 means that standard.
      '--audit-log-maxsize=100000',
    ],
    {
      // It collects garbage less often: there is memory, and many run at once.
      env: { ...process.env, GOGC: '400' },
    },
  )
}

/** Certificates here need an address in them, which the operator's own leaves never do. */
async function leafOf(
  ca: KeyPair,
  commonName: string,
  dnsNames: readonly string[],
  addresses: readonly string[] = [],
) {
  const issuer = { certificate: ca['tls.crt'], key: ca['tls.key'] }
  return makeLeaf(
    {
      role: 'leaf',
      commonName,
      dnsNames,
      addresses,
      usages: ['serverAuth', 'clientAuth'],
      durationMs: DAY_MS,
      issuerSecret: '',
    },
    issuer,
    new Date(),
  )
}

async function writeKubeconfig(directory: string, server: string, ca: KeyPair, user: User): Promise<string> {
  const issuer = { certificate: ca['tls.crt'], key: ca['tls.key'] }
  const leaf = await makeLeaf(
    {
      role: 'leaf',
      commonName: user.name,
      organizations: user.groups ?? [],
      dnsNames: ['client'],
      usages: ['clientAuth'],
      durationMs: DAY_MS,
      issuerSecret: '',
    },
    issuer,
    new Date(),
  )
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca['ca.crt']) } }],
    users: [
      {
        name: user.name,
        user: {
          'client-certificate-data': base64(leaf['tls.crt']),
          'client-key-data': base64(leaf['tls.key']),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: user.name } }],
    'current-context': 'test',
  }
  const suffix = createHash('sha256')
    .update(JSON.stringify([user, server]))
    .digest('hex')
    .slice(0, 8)
  const path = join(directory, `${suffix}.kubeconfig`)
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

async function answers(url: string): Promise<boolean> {
  const { request } = await import('node:https')
  return new Promise((resolve) => {
    request(`${url}/readyz`, { rejectUnauthorized: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
      .once('error', () => {
        resolve(false)
      })
      .end()
  })
}
