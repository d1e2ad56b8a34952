import { expect, test } from 'vitest'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import { sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { mail } from './mail.ts'

type Smtp = NonNullable<BatchSenderSpec['worker']['provider']['smtp']>

const specWith = (smtp: Smtp): BatchSenderSpec => ({
  ...SPEC,
  worker: { ...SPEC.worker, provider: { smtp } },
})

test('what is set about an SMTP server is what the workers are told, and the authority comes from its Secret', () => {
  const spec = specWith({
    host: 'relay.example.com',
    connections: 3,
    ehloName: 'mail.example.com',
    caSecretRef: { name: 'relay-ca' },
    timeouts: { greetingSeconds: 60 },
  })
  const given = snapshot({ sender: sender({ spec }) })
  expect(mail.settings?.(given)).toMatchObject({
    smtpConnections: 3,
    smtpEhloName: 'mail.example.com',
    smtpConnectSeconds: 15,
    smtpGreetingSeconds: 60,
    smtpReplySeconds: 600,
  })
  expect(mail.secrets?.(given)).toEqual({ smtpCa: ['relay-ca', 'ca.crt'] })
  expect(mail.references(spec)).toEqual([
    {
      secret: 'relay-ca',
      path: 'spec.worker.provider.smtp.caSecretRef',
      required: ['ca.crt'],
      optional: [],
    },
  ])
})
