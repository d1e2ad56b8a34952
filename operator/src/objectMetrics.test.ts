import { expect, it } from 'vitest'
import type { KubernetesObject } from './runtime/object.ts'
import { objectMetrics } from './objectMetrics.ts'
import { SPEC } from './testing/snapshots.ts'

async function told(...objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  let text = ''
  for await (const part of objectMetrics(objects)) text += part
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

const named = (name: string, more: object = {}): KubernetesObject => ({
  apiVersion: 'batchsender.io/v1alpha1',
  kind: 'BatchSender',
  metadata: { name, namespace: 'mail' },
  spec: SPEC,
  ...more,
})
const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: 'm',
  observedGeneration: 1,
  lastTransitionTime: '2026-11-23T12:00:00Z',
})

const backup = {
  destination: { namedCollection: 'backup_s3' },
}
const full = named('orders', {
  spec: {
    ...SPEC,
    suspend: true,
    clickhouse: { external: { url: 'https://c' }, backup },
    objectives: { rpo: '30m' },
  },
  status: {
    conditions: [condition('Ready', 'True', 'Ready'), condition('MailFlowing', 'False', 'Stuck')],
    checks: [{ name: 'backup-fresh', state: 'Proven', message: 'm', since: '2026-11-23T12:00:00Z' }],
    evidence: {
      natsTls: { expiresAt: '2026-11-24T00:00:00Z', caExpiresAt: '2027-11-24T00:00:00Z' },
      backup: {
        last: { completedAt: '2026-11-23T11:00:00Z' },
        verified: { completedAt: '2026-11-23T04:00:00Z' },
      },
    },
  },
})

it('tells what a status says, and nothing of what it does not', async () => {
  const of = 'namespace="mail",batchsender="orders"'
  const at = (text: string) => Date.parse(text) / 1_000
  expect(await told(full)).toEqual([
    `batchsender_status_condition{${of},type="Ready",status="True",reason="Ready"} 1`,
    `batchsender_status_condition{${of},type="MailFlowing",status="False",reason="Stuck"} 1`,
    `batchsender_status_check{${of},check="backup-fresh",state="Proven"} 1`,
    `batchsender_certificate_not_after_timestamp_seconds{${of},certificate="nats"} ${at('2026-11-24T00:00:00Z')}`,
    `batchsender_certificate_not_after_timestamp_seconds{${of},certificate="nats-ca"} ${at('2027-11-24T00:00:00Z')}`,
    `batchsender_certificate_renewal_late_seconds{${of}} 604800`,
    `batchsender_backup_completed_timestamp_seconds{${of}} ${at('2026-11-23T11:00:00Z')}`,
    `batchsender_backup_verified_timestamp_seconds{${of}} ${at('2026-11-23T04:00:00Z')}`,
    `batchsender_backup_max_age_seconds{${of}} 2100`,
    `batchsender_suspended{${of}} 1`,
  ])
  expect(await told(named('new'))).toEqual(['batchsender_suspended{namespace="mail",batchsender="new"} 0'])
})

it('tells of a certificate that lives for an hour that it is late in its last minutes', async () => {
  const tls = { duration: '1h', renewBefore: '20m' }
  const lines = await told({ ...full, spec: { ...SPEC, nats: { ...SPEC.nats, tls } } })
  expect(lines).toContain(
    'batchsender_certificate_renewal_late_seconds{namespace="mail",batchsender="orders"} 600',
  )
})

it('tells the rest of an object whose spec makes no sense, and escapes what a label may not hold', async () => {
  const odd = named('odd', {
    spec: { clickhouse: { external: { url: 'u' }, backup: {} } },
    status: { checks: [{ name: 'a"b\\c\nd', state: 'Proven' }] },
  })
  expect(await told(odd)).toEqual([
    'batchsender_status_check{namespace="mail",batchsender="odd",check="a\\"b\\\\c\\nd",state="Proven"} 1',
    'batchsender_suspended{namespace="mail",batchsender="odd"} 0',
  ])
})

it('tells of all of many, a family at a time', async () => {
  const many = Array.from({ length: 450 }, (_, index) => ({
    ...full,
    metadata: { name: `o${index}`, namespace: 'mail' },
  }))
  const lines = await told(...many)
  expect(lines).toHaveLength(450 * 10)
  const families = lines.map((line) => line.slice(0, line.indexOf('{')))
  expect(families.filter((name, index) => name !== families[index - 1])).toHaveLength(8)
})
