import { describe, expect, it } from 'vitest'
import { gunzipSync } from 'node:zlib'
import { archiveOf } from './archive.ts'
import { maskText, redacted } from './redact.ts'

const CANARY = 'c4n4ry'

describe('a text', () => {
  it.each([
    `postgres://ann:${CANARY}@db.example.com:5432/mails`,
    `redis://:${CANARY}@cache`,
    `Authorization: Bearer ${CANARY}.abcdef`,
    `{"password":"${CANARY}"}`,
    `{"apiKey": "${CANARY} with blanks", "x": 1}`,
    `password=${CANARY} user=ann`,
    `smtp_password: '${CANARY}'`,
    `token=${CANARY}`,
    `-----BEGIN EC PRIVATE KEY-----\n${CANARY}\n-----END EC PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\n${CANARY} cut off`,
    `eyJhbGciOiJ${CANARY}.eyJzdWIiOiI.c2ln`,
    `AKIA${CANARY.toUpperCase()}ABCDEFGH`,
    `key re_${CANARY}12345 was refused`,
    `whsec_${CANARY}abcdef12`,
    `mail to ${CANARY}@example.org was refused`,
    `mail to "${CANARY}+tag"@mail.example.org, ${CANARY}.x@übung.example`,
    `Cookie: ${CANARY}`,
  ])('%s says nothing secret', (text) => {
    const masked = maskText(text)
    expect(masked.toLowerCase()).not.toContain(CANARY)
    expect(masked).toContain('(masked)')
  })

  it.each([
    'nats-2: 3 of 3 nodes, batch 0190f3a2-7d5e-7c1a-9b0e-3f2d1c0b9a88 at 2026-11-23T12:00:00Z',
    'registry.example.com/batchsender/worker:9.8.7@sha256 of 12 MiB',
    'the key of the volumes is there; secret orders-nats-ca exists',
    'spec.template.spec.containers[worker].image',
    'https://clickhouse.example.com:8443/?database=mails',
  ])('%s stays as it is', (text) => {
    expect(maskText(text)).toBe(text)
  })
})

describe('an object', () => {
  it('of a Secret has its keys and their sizes', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: {
        name: 'postgres',
        labels: { app: 'x' },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': CANARY, note: CANARY },
      },
      data: { url: Buffer.from(`postgres://${CANARY}`).toString('base64') },
      stringData: { url: CANARY },
    }
    expect(redacted(secret)).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: 'postgres', labels: { app: 'x' } },
      data: { url: '(17 bytes)' },
    })
  })

  it('loses values that look secret, wherever they are', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'p',
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': CANARY,
          'example.com/api-token': CANARY,
        },
      },
      spec: {
        containers: [
          {
            name: 'worker',
            env: [
              { name: 'SMTP_PASSWORD', value: CANARY },
              { name: 'API_KEY', value: CANARY },
              { name: 'POSTGRES_URL', value: `postgres://u:${CANARY}@db/x` },
              { name: 'LOG_LEVEL', value: 'info' },
              { name: 'SMTP_PASSWORD', valueFrom: { secretKeyRef: { name: 'smtp', key: 'password' } } },
            ],
            args: [`--token=${CANARY}`],
          },
        ],
        secretKey: CANARY,
      },
      status: { message: `login failed for ${CANARY}@example.com` },
    }
    const text = JSON.stringify(redacted(pod))
    expect(text).not.toContain(CANARY)
    expect(text).toContain('"name":"LOG_LEVEL","value":"info"')
    expect(text).toContain('"secretKeyRef":{"name":"smtp","key":"password"}')
  })
})

describe('an archive', () => {
  const at = new Date('2026-11-23T12:00:00Z')
  const files = [
    { path: 'b.txt', text: 'ü' },
    { path: 'a/c.txt', text: '' },
  ]

  it('is the same for the same files in whatever order', async () => {
    const [one, other] = [await archiveOf('x', files, at), await archiveOf('x', files.toReversed(), at)]
    expect(Buffer.from(one).equals(other)).toBe(true)
    const names = gunzipSync(one)
      .toString('latin1')
      .match(/x\/[a-z/.]+/g)
    expect(names).toEqual(['x/a/c.txt', 'x/b.txt'])
  })
})
