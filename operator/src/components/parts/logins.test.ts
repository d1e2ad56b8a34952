import { describe, expect, it } from 'vitest'
import { NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import type { LoginsSeen, RefusedLogin } from './logins.ts'
import { refusedLogin, wantedLogins } from './logins.ts'

const external = { url: 'https://clickhouse', credentialsSecretRef: { name: 'clickhouse' } }
const s3 = { endpoint: 'https://s3', bucket: 'mails', credentialsSecretRef: { name: 'bucket' } }
const destination = { namedCollection: 'backup_s3', s3 }
const asking = (clickhouse: object) => sender({ spec: { ...SPEC, clickhouse } })
const full = asking({ external, archive: {}, backup: { destination, retention: {} } })

const refused: RefusedLogin = {
  server: 'ClickHouse',
  roles: ['worker', 'backup', 'verify'],
  secret: 'clickhouse',
  keys: ['username', 'password'],
  words: 'Authentication failed. More words',
}
const WORDS =
  'ClickHouse refuses the credentials of Secret clickhouse (username, password; role worker): Authentication failed'

const seeing = (seen: Partial<LoginsSeen>, lookedAt = NOW) => ({
  logins: { seen: { refused: [], unanswered: [], ...seen }, lookedAt },
})
const told = (message: string, observedGeneration = 1) => ({
  ...full,
  status: {
    conditions: [
      {
        type: 'WorkerReady',
        status: 'False' as const,
        reason: 'CredentialsRefused',
        message,
        observedGeneration,
        lastTransitionTime: NOW.toISOString(),
      },
    ],
  },
})

describe('who logs in', () => {
  it.each([
    { clickhouse: { external: { url: 'https://clickhouse' } }, roles: undefined, bucket: undefined },
    { clickhouse: { external }, roles: ['worker'], bucket: undefined },
    { clickhouse: { external, archive: {} }, roles: ['worker', 'operator'], bucket: undefined },
    {
      clickhouse: { external, backup: { destination } },
      roles: ['worker', 'operator', 'backup', 'checksum', 'verify'],
      bucket: undefined,
    },
    {
      clickhouse: { external: { url: 'https://clickhouse' }, backup: { destination, retention: {} } },
      roles: undefined,
      bucket: 'mails',
    },
  ])('$clickhouse', ({ clickhouse, roles, bucket }) => {
    const wanted = wantedLogins(asking(clickhouse))
    expect([wanted?.clickhouse?.roles, wanted?.bucket?.bucket]).toEqual([roles, bucket])
  })
})

describe('what is told', () => {
  const ask = (evidence: object, who = full) =>
    refusedLogin(snapshot({ sender: who, evidence }), 'WorkerReady', ['worker'])

  it('names Secret, keys and the roles that are asked about', () => {
    expect(ask(seeing({ refused: [refused] }))).toBe(WORDS)
    expect(ask(seeing({ refused: [{ ...refused, roles: ['backup'] }] }))).toBeUndefined()
  })

  it.each([
    { why: 'nobody has looked', evidence: {} },
    { why: 'the server is away', evidence: seeing({ unanswered: ['worker'] }) },
    { why: 'the look is old', evidence: seeing({}, new Date(NOW.getTime() - 120_000)) },
  ])('stands while $why', ({ evidence }) => {
    expect(ask(evidence, told(WORDS))).toBe(WORDS)
    expect(ask(evidence, told(WORDS, 7))).toBeUndefined()
    expect(ask(evidence, told('PostgreSQL refuses the credentials of Secret postgres (url): no'))).toBe(
      undefined,
    )
  })

  it('ends when they are accepted', () => {
    expect(ask(seeing({}), told(WORDS))).toBeUndefined()
    expect(ask(seeing({ unanswered: ['retention'] }), told(WORDS))).toBeUndefined()
  })
})
