/** Proofs that are made of what workers tell of PostgreSQL, the audit log and webhooks. */
import { describe, expect, it } from 'vitest'
import type { AuditRights } from '../components/parts/logins.ts'
import type { Level, WorkerSeen, WebhooksSeen } from '../components/worker/seen.ts'
import type { WorkerSpec } from '../../../crds/schema/worker.ts'
import type { CheckName } from '../../../crds/schema/checks.ts'
import { NOW, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { apiResponsive } from './apiResponsive.ts'
import { auditLog } from './auditLog.ts'
import type { Check } from './check.ts'
import { postgresEncrypted } from './postgresEncrypted.ts'
import { webhooksVerified } from './webhooksVerified.ts'

const LONG_AGO = new Date(NOW.getTime() - 100_000)
const proven = (name: CheckName) => ({
  checks: [{ name, state: 'Proven' as const, message: 'as before', since: '2026-11-23T00:00:00Z' }],
})

function prove(check: Check, who = sender(), seen?: WorkerSeen, rights?: AuditRights, lookedAt = NOW) {
  return check.prove(
    snapshot({
      sender: who,
      evidence: {
        ...(seen && { workerEvidence: { seen, lookedAt } }),
        ...(rights && {
          logins: { seen: { refused: [], unanswered: [], auditRights: rights }, lookedAt: NOW },
        }),
      },
    }),
  )
}

const provider = (own: WorkerSpec['provider']) =>
  sender({ spec: { ...SPEC, worker: { ...SPEC.worker, provider: own } } })
const ref = { name: 'key' }
const resend = provider({ resend: { credentialsSecretRef: ref, webhookSecretRefs: [ref] } })
const writing = sender({
  spec: {
    ...SPEC,
    clickhouse: { external: { url: 'https://c', credentialsSecretRef: { name: 'clickhouse' } } },
  },
})
const HARMLESS: AuditRights = { changes: [], byRole: false }

describe.each([
  { check: postgresEncrypted, who: sender(), rights: undefined },
  { check: webhooksVerified, who: resend, rights: undefined },
  { check: auditLog, who: writing, rights: HARMLESS },
  { check: apiResponsive, who: sender(), rights: undefined },
])('$check.name', ({ check, who, rights }) => {
  it('is as it was until a worker was asked, and unknown when none answers or tells of it', () => {
    const before = { ...who, status: proven(check.name) }
    expect(prove(check, before, undefined, rights)).toMatchObject({ state: 'Proven', message: 'as before' })
    expect(prove(check, who, undefined, rights).state).toBe('Unknown')
    expect(prove(check, before, { reached: false }, rights).state).toBe('Unknown')
    expect(prove(check, before, { reached: true }, rights).state).toBe('Unknown')
    const fine: WorkerSeen = { reached: true, postgresTls: 'verified', audit: {} }
    expect(prove(check, before, fine, rights, LONG_AGO).state).toBe('Unknown')
  })
})

describe('postgres-encrypted', () => {
  it.each([
    { postgresTls: 'verified', state: 'Proven', says: 'verified its certificate' },
    { postgresTls: 'unverified', state: 'Failing', says: 'do not verify its certificate' },
    { postgresTls: 'none', state: 'Failing', says: 'without TLS' },
  ] as const)('is $state when the way is $postgresTls', ({ postgresTls, state, says }) => {
    const proof = prove(postgresEncrypted, sender(), { reached: true, postgresTls })
    expect(proof.state).toBe(state)
    expect(proof.message).toContain(says)
  })
})

describe('api-responsive', () => {
  const seen = (slow: Level, failed: Level): WorkerSeen => ({ reached: true, api: { slow, failed } })

  it('fails when requests are late or fail, and until that is well below its limit', () => {
    expect(prove(apiResponsive, sender(), seen('little', 'little')).state).toBe('Proven')
    expect(prove(apiResponsive, sender(), seen('near', 'near')).state).toBe('Proven')
    const slow = prove(apiResponsive, sender(), seen('much', 'near'))
    expect(slow).toMatchObject({
      state: 'Failing',
      message: expect.stringContaining('half a second') as string,
    })
    const failed = prove(apiResponsive, sender(), seen('much', 'much'))
    expect(failed).toMatchObject({ state: 'Failing', message: expect.stringContaining('500') as string })
    const before = (message: string) =>
      sender({
        status: {
          checks: [{ name: 'api-responsive', state: 'Failing', message, since: '2026-11-23T00:00:00Z' }],
        },
      })
    expect(prove(apiResponsive, before(slow.message), seen('near', 'little'))).toEqual(slow)
    expect(prove(apiResponsive, before(slow.message), seen('little', 'near')).state).toBe('Proven')
  })
})

describe('audit-log', () => {
  const handing: WorkerSeen = { reached: true, audit: {} }

  it.each<{ why: string; seen: WorkerSeen; rights?: AuditRights; state: string; says: string }>([
    {
      why: 'all is as it should be',
      seen: handing,
      rights: HARMLESS,
      state: 'Proven',
      says: 'do nothing else',
    },
    {
      why: 'the user may change entries',
      seen: handing,
      rights: { changes: ['ALTER DELETE', 'TRUNCATE'], byRole: false },
      state: 'Failing',
      says: 'may ALTER DELETE, TRUNCATE on audit_log',
    },
    {
      why: 'entries wait',
      seen: { reached: true, audit: { since: '2026-11-23T11:00:00Z' } },
      rights: HARMLESS,
      state: 'Failing',
      says: 'since 2026-11-23T11:00:00Z',
    },
    {
      why: 'entries wait, and nobody knows the grants',
      seen: { reached: true, audit: { since: '2026-11-23T11:00:00Z' } },
      state: 'Failing',
      says: 'since 2026-11-23T11:00:00Z',
    },
    {
      why: 'rights come by a role',
      seen: handing,
      rights: { changes: [], byRole: true },
      state: 'Unknown',
      says: 'by a role',
    },
    { why: 'ClickHouse does not tell', seen: handing, state: 'Unknown', says: 'not asked yet' },
  ])('is $state when $why', ({ seen, rights, state, says }) => {
    const proof = prove(auditLog, writing, seen, rights)
    expect(proof.state).toBe(state)
    expect(proof.message).toContain(says)
  })

  it('is not configured without a ClickHouse, and unknown of a user that nobody names', () => {
    expect(prove(auditLog).state).toBe('NotConfigured')
    const nameless = sender({ spec: { ...SPEC, clickhouse: { external: { url: 'https://c' } } } })
    expect(prove(auditLog, nameless, handing, HARMLESS).state).toBe('Unknown')
  })
})

describe('webhooks-verified', () => {
  const WELL: WebhooksSeen = { forgery: 'forged', verified: true, forged: false, inbox: {} }

  it.each<{ webhooks: Partial<WebhooksSeen>; state: string; says: string }>([
    { webhooks: {}, state: 'Proven', says: 'turned away' },
    { webhooks: { verified: false }, state: 'Proven', says: 'turned away' },
    { webhooks: { forged: true }, state: 'Proven', says: 'turned away' },
    {
      webhooks: { forged: true, verified: false },
      state: 'Unknown',
      says: 'none of the last two days was genuine',
    },
    { webhooks: { forgery: 'genuine' }, state: 'Failing', says: 'is believed' },
    { webhooks: { forgery: 'ignored' }, state: 'Failing', says: 'is believed' },
    { webhooks: { forgery: 'unavailable' }, state: 'Unknown', says: 'no secret' },
    {
      webhooks: { inbox: { since: '2026-11-23T11:00:00Z' } },
      state: 'Failing',
      says: 'has waited since 2026-11-23T11:00:00Z',
    },
  ])('is $state for $webhooks', ({ webhooks, state, says }) => {
    const proof = prove(webhooksVerified, resend, { reached: true, webhooks: { ...WELL, ...webhooks } })
    expect(proof.state).toBe(state)
    expect(proof.message).toContain(says)
  })

  it.each([
    { own: { smtp: { host: 'mail.example.com' } }, says: 'SMTP has no webhooks' },
    { own: { ses: { region: 'eu-west-1' } }, says: 'topicArns is not set' },
    { own: { resend: { credentialsSecretRef: ref } }, says: 'webhookSecretRefs is not set' },
  ])('is not configured: $says', ({ own, says }) => {
    const proof = prove(webhooksVerified, provider(own), { reached: true, webhooks: WELL })
    expect(proof.state).toBe('NotConfigured')
    expect(proof.message).toContain(says)
  })
})
