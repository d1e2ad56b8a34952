import { expect, test } from 'vitest'
import type { SmtpFailure } from './smtpClasses.ts'
import { classifySmtp } from './smtpClasses.ts'

const failure = (more: Partial<SmtpFailure>): SmtpFailure => ({ bodyRead: false, message: 'words', ...more })

test.each<[string, Partial<SmtpFailure>, string]>([
  ['refused credentials', { code: 'EAUTH', responseCode: 535 }, 'account'],
  ['no credentials', { responseCode: 530, command: 'MAIL FROM' }, 'account'],
  [
    'too fast',
    { responseCode: 454, message: '454 Throttling failure: Maximum sending rate exceeded.' },
    'throttle',
  ],
  ['too many connections', { responseCode: 421, message: '421 Too many connections' }, 'throttle'],
  [
    'a mailbox that gets too many',
    { responseCode: 450, command: 'RCPT TO', message: '450 4.2.1 receiving mail at a rate that is too high' },
    'transient',
  ],
  ['greylisting', { responseCode: 451, command: 'RCPT TO' }, 'transient'],
  ['a full mailbox', { responseCode: 452, command: 'DATA', bodyRead: true }, 'transient'],
  ['an unknown user', { responseCode: 550, command: 'RCPT TO' }, 'recipient'],
  ['refused content', { responseCode: 554, command: 'DATA', bodyRead: true }, 'transient'],
  ['a refused sender', { responseCode: 550, command: 'MAIL FROM' }, 'sender'],
  ['a refused connection', { code: 'ECONNECTION', command: 'CONN' }, 'unreachable'],
  ['an unknown host', { code: 'EDNS', command: 'CONN' }, 'unreachable'],
  ['no TLS', { code: 'ETLS', command: 'STARTTLS' }, 'unreachable'],
  ['a drop before the mail', { code: 'ECONNECTION', command: 'CONN' }, 'unreachable'],
  ['a drop after the mail', { code: 'ECONNECTION', command: 'CONN', bodyRead: true }, 'ambiguous'],
  ['silence after the mail', { code: 'ETIMEDOUT', command: 'CONN', bodyRead: true }, 'ambiguous'],
  ['a mail that is too large', { code: 'EMESSAGE', command: 'MAIL FROM' }, 'transient'],
])('%s', (_, given, retryClass) => {
  expect(classifySmtp(failure(given)).retryClass).toBe(retryClass)
})

test('the time that a server asks for is read', () => {
  const asked = (message: string) => classifySmtp(failure({ responseCode: 451, message })).retryAfterMs
  expect(asked('451 Greylisted, try again in 300 seconds')).toBe(300_000)
  expect(asked('450 retry in 5 minutes')).toBe(300_000)
  expect(asked('450 retry in 99 hours')).toBe(3_600_000)
  expect(asked('451 later')).toBeUndefined()
})

test('the code that users see is ours, the server’s words are kept apart', () => {
  const outcome = classifySmtp(failure({ responseCode: 550, message: '550 secret.internal says no' }))
  expect(outcome).toMatchObject({ code: 'smtp_550', detail: '550 secret.internal says no' })
})
