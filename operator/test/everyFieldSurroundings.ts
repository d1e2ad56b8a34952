/** What a BatchSender names in `everyFieldRig.ts`, and what the second values of its fields do. */
import type { NatsOverTls } from './natsOverTls.ts'
import type { Harness } from './harness.ts'
import { makeCa } from '../src/adapters/certificateAuthority.ts'

const DAY_MS = 86_400_000

/** Secrets and ConfigMaps, twice each. */
export async function applySurroundings(cluster: Harness, nats: NatsOverTls): Promise<void> {
  const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    smtp: { username: 'u', password: 'p' },
    'smtp-ca': { 'ca.crt': 'PEM' },
    ses: { accessKeyId: 'a', secretAccessKey: 'b' },
    resend: { apiKey: 're_x' },
    webhook: { webhookSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    'api-tokens': { alice: 'sha256:00' },
    unsubscribe: { key: 'k'.repeat(32) },
    unleash: { token: 't' },
    postgres: { url: 'postgres://u:p@db/x' },
    'nats-client': nats.client,
    clickhouse: {
      ...{ username: 'default', password: '', 'operator-username': 'default', 'operator-password': '' },
      ...{ 'backup-username': 'default', 'backup-password': '', 'verify-username': 'default' },
      ...{ 'verify-password': '', 'checksum-username': 'default', 'checksum-password': '' },
    },
    'backup-bucket': { accessKey: 'a', secretKey: 'b' },
  }
  for (const [name, data] of Object.entries(texts))
    for (const copy of [name, `${name}-2`]) await cluster.apply(cluster.secret(copy, data))
  const issuer = await makeCa({ role: 'ca', commonName: 'issuer', durationMs: 3_650 * DAY_MS }, new Date())
  await cluster.apply(cluster.secret('issuer', issuer))
  for (const name of ['flags', 'flags-2'])
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { 'flags.json': '{"flags":{}}' },
    })
}
