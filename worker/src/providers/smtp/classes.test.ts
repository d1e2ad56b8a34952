import { expect, test } from 'vitest'
import type { SmtpFailure } from './failure.ts'
import { classifySmtp, refusesLogin } from './classes.ts'

const failure = (more: Partial<SmtpFailure>): SmtpFailure => ({
  stage: 'connect',
  words: 'words',
  bodyBegun: false,
  carried: 0,
  ...more,
})

test.each<[string, Partial<SmtpFailure>, string, string]>([
  ['refused credentials', { stage: 'auth', replyCode: 535 }, 'account', 'smtp_535'],
  ['no credentials', { stage: 'mail', replyCode: 530 }, 'account', 'smtp_530'],
  ['half of the credentials', { stage: 'auth', fault: 'EAUTH' }, 'account', 'smtp_eauth'],
  [
    'too fast',
    { stage: 'mail', replyCode: 454, words: '454 Throttling failure: Maximum sending rate exceeded.' },
    'throttle',
    'smtp_454',
  ],
  [
    'too many connections',
    { stage: 'greeting', replyCode: 421, words: '421 Too many connections' },
    'throttle',
    'smtp_421',
  ],
  [
    'a mailbox that gets too many',
    { stage: 'rcpt', replyCode: 450, words: '450 4.2.1 receiving mail at a rate that is too high' },
    'transient',
    'smtp_450',
  ],
  ['greylisting', { stage: 'rcpt', replyCode: 451 }, 'transient', 'smtp_451'],
  ['a full mailbox', { stage: 'end_of_data', replyCode: 452, bodyBegun: true }, 'transient', 'smtp_452'],
  ['an unknown user', { stage: 'rcpt', replyCode: 550 }, 'recipient', 'smtp_550'],
  ['refused content', { stage: 'end_of_data', replyCode: 554, bodyBegun: true }, 'transient', 'smtp_554'],
  ['a refused sender', { stage: 'mail', replyCode: 550 }, 'sender', 'smtp_550'],
  ['a refused connection', { fault: 'ECONNREFUSED' }, 'unreachable', 'smtp_econnrefused'],
  ['an unknown host', { fault: 'ENOTFOUND' }, 'unreachable', 'smtp_enotfound'],
  ['no TLS', { stage: 'starttls', fault: 'ETLS' }, 'unreachable', 'smtp_etls'],
  ['a drop before the mail', { stage: 'rcpt', fault: 'ECONNECTION' }, 'unreachable', 'smtp_econnection'],
  [
    'a drop after the mail',
    { stage: 'end_of_data', fault: 'ECONNECTION', bodyBegun: true },
    'ambiguous',
    'smtp_econnection',
  ],
  [
    'silence after the mail',
    { stage: 'end_of_data', fault: 'ETIMEDOUT', bodyBegun: true },
    'ambiguous',
    'smtp_etimedout',
  ],
  ['a mail that is too large', { stage: 'mail', fault: 'EMESSAGE' }, 'transient', 'smtp_emessage'],
  ['a sender that is no address', { stage: 'mail', fault: 'EENVELOPE' }, 'sender', 'smtp_eenvelope'],
  ['a recipient that is no address', { stage: 'rcpt', fault: 'EENVELOPE' }, 'recipient', 'smtp_eenvelope'],
])('%s', (_, given, retryClass, code) => {
  expect(classifySmtp(failure(given))).toMatchObject({ retryClass, code, stage: given.stage ?? 'connect' })
})

test.each<[Partial<SmtpFailure>, boolean]>([
  [{ stage: 'auth', replyCode: 535 }, true],
  [{ stage: 'auth', replyCode: 504 }, true],
  [{ stage: 'auth', fault: 'EAUTH' }, true],
  [{ stage: 'mail', replyCode: 530 }, true],
  [{ stage: 'auth', replyCode: 454 }, false],
  [{ stage: 'auth', fault: 'ECONNECTION' }, false],
  [{ stage: 'mail', replyCode: 550 }, false],
])('%j refuses the login: %s', (given, isRefused) => {
  expect(refusesLogin(failure(given))).toBe(isRefused)
})

test('the time that a server asks for is read', () => {
  const asked = (message: string) => classifySmtp(failure({ replyCode: 451, words: message })).retryAfterMs
  expect(asked('451 Greylisted, try again in 300 seconds')).toBe(300_000)
  expect(asked('450 retry in 5 minutes')).toBe(300_000)
  expect(asked('450 retry in 99 hours')).toBe(3_600_000)
  expect(asked('451 later')).toBeUndefined()
})

test('the code that users see is ours, the server’s words are kept apart', () => {
  const outcome = classifySmtp(failure({ replyCode: 550, words: '550 secret.internal says no' }))
  expect(outcome).toMatchObject({ code: 'smtp_550', detail: '550 secret.internal says no' })
})
