/** Certificates, kubeconfigs and the audit policy of the local cluster. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCa, makeLeaf, type KeyPair } from '../../operator/src/adapters/certificateAuthority.ts'

const YEAR_MS = 31_536_000_000

export const NODE_ADDRESS = '10.250.0.1'

interface Identity {
  readonly file: string
  readonly name: string
  readonly group: string
  readonly dnsNames?: readonly string[]
  readonly addresses?: readonly string[]
}

const IDENTITIES: readonly Identity[] = [
  {
    file: 'apiserver',
    name: 'kube-apiserver',
    group: 'kubernetes',
    dnsNames: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ],
    addresses: ['127.0.0.1', NODE_ADDRESS, '10.96.0.1'],
  },
  { file: 'admin', name: 'admin', group: 'system:masters' },
  { file: 'controller-manager', name: 'system:kube-controller-manager', group: 'kubernetes' },
  { file: 'scheduler', name: 'system:kube-scheduler', group: 'kubernetes' },
  { file: 'proxy', name: 'system:kube-proxy', group: 'kubernetes' },
  {
    file: 'node',
    name: 'system:node:node1',
    group: 'system:nodes',
    dnsNames: ['node1'],
    addresses: [NODE_ADDRESS],
  },
]

/** Everything anew: a cluster that starts from nothing trusts nothing older than itself. */
export async function writePki(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 })
  const now = new Date()
  const ca = await makeCa({ role: 'ca', commonName: 'batchsender-local', durationMs: 10 * YEAR_MS }, now)
  await file('ca.crt', ca['ca.crt'])
  await file('ca.key', ca['tls.key'])
  for (const identity of IDENTITIES) {
    const leaf = await leafFor(identity, ca, now)
    await file(`${identity.file}.crt`, leaf['tls.crt'])
    await file(`${identity.file}.key`, leaf['tls.key'])
    await file(`${identity.file}.kubeconfig`, kubeconfig(ca, leaf))
  }
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await file('sa.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  await file('sa.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }).toString())
  await file('audit.json', JSON.stringify(AUDIT_POLICY))
}

/** Who asked for what: e2e tests count the operator's writes. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'Metadata', resources: [{ group: 'batchsender.io' }] },
    { level: 'None' },
  ],
}

function leafFor(
  { name, group, dnsNames = ['localhost'], addresses = [] }: Identity,
  ca: KeyPair,
  now: Date,
) {
  return makeLeaf(
    {
      role: 'leaf',
      commonName: name,
      organizations: [group],
      dnsNames,
      addresses,
      usages: ['serverAuth', 'clientAuth'],
      durationMs: YEAR_MS,
      issuerSecret: '',
    },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    now,
  )
}

/** With everything inside, so that it can be copied and used anywhere on this machine. */
function kubeconfig(ca: KeyPair, leaf: KeyPair): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'batchsender-local',
        cluster: {
          server: `https://${NODE_ADDRESS}:6443`,
          'certificate-authority-data': base64(ca['ca.crt']),
        },
      },
    ],
    users: [
      {
        name: 'user',
        user: {
          'client-certificate-data': base64(leaf['tls.crt']),
          'client-key-data': base64(leaf['tls.key']),
        },
      },
    ],
    contexts: [{ name: 'batchsender-local', context: { cluster: 'batchsender-local', user: 'user' } }],
    'current-context': 'batchsender-local',
  })
}
