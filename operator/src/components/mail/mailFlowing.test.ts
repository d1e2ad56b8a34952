import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../snapshot.ts'
import type { MailSeen, ProviderClosed, WorkerSeen } from '../worker/seen.ts'
import { NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { mailFlowing } from './mailFlowing.ts'

const WELL: MailSeen = {
  paused: false,
  deadLetters: false,
  inDoubt: false,
  refused: 'little',
  backlog: 'little',
}
const closed: ProviderClosed = {
  since: '2026-11-23T11:59:00Z',
  retryClass: 'unreachable',
  ofAll: true,
  lasting: true,
}

const seeing = (seen: WorkerSeen, lookedAt = NOW): Partial<Snapshot> => ({
  evidence: { workerEvidence: { seen, lookedAt } },
})
const judge = (more: Partial<Snapshot>) => mailFlowing.verdict(snapshot(more))
const telling = (mail: Partial<MailSeen>, more: Partial<Snapshot> = {}) =>
  judge({ ...more, ...seeing({ reached: true, mail: { ...WELL, ...mail } }) })

/** Of whom it was said before. */
const told = (reason: string, status = 'False') =>
  sender({
    status: {
      conditions: [
        {
          type: 'MailFlowing',
          status: status as 'False',
          reason,
          message: 'what was said',
          observedGeneration: 1,
          lastTransitionTime: '2026-11-23T00:00:00Z',
        },
      ],
    },
  })

describe('mail', () => {
  it('flows when nothing is in its way', () => {
    expect(telling({})).toEqual({
      status: 'True',
      reason: 'Flowing',
      message: 'mail gets through to the provider',
    })
  })

  it.each<{ mail: Partial<MailSeen>; reason: string; message: string }>([
    {
      mail: { closed: { ...closed, code: 'smtp_ECONNREFUSED' } },
      reason: 'ProviderUnreachable',
      message:
        'the SMTP server mail.example.com does not answer, or breaks off (unreachable, smtp_ECONNREFUSED): no mail has gone through since 2026-11-23T11:59:00Z',
    },
    {
      mail: { closed: { ...closed, retryClass: 'throttle', ofAll: false } },
      reason: 'ProviderThrottles',
      message:
        'the SMTP server mail.example.com wants no more for now (throttle): no mail of some workers has gone through since 2026-11-23T11:59:00Z',
    },
    {
      mail: { closed: { ...closed, retryClass: 'quota' } },
      reason: 'ProviderThrottles',
      message:
        'the SMTP server mail.example.com wants no more for now (quota): no mail has gone through since 2026-11-23T11:59:00Z',
    },
    {
      mail: { closed: { ...closed, retryClass: 'account', code: 'smtp_535' } },
      reason: 'ProviderRefuses',
      message:
        'the SMTP server mail.example.com refuses our account or address (account, smtp_535): no mail has gone through since 2026-11-23T11:59:00Z',
    },
    {
      mail: { paused: true },
      reason: 'Paused',
      message: 'the flag provider-paused is on: nothing is sent',
    },
    {
      mail: { deadLetters: true },
      reason: 'DeadLetters',
      message:
        'parts of batches were put aside, since handling them failed again and again: mend the cause, then replay them (docs/http.md)',
    },
    {
      mail: { stuckSince: '2026-11-23T11:30:00Z' },
      reason: 'Stuck',
      message: 'a batch has not got on since 2026-11-23T11:30:00Z although mails of it are due',
    },
    {
      mail: { refused: 'much', mostRefused: 'account' },
      reason: 'MailsRefused',
      message:
        'more than 5 % of the mails of the last two minutes were refused, most of them with class account',
    },
    {
      mail: { backlog: 'much' },
      reason: 'Backlog',
      message: 'more than 10,000 wake-ups wait in the queue: workers do not keep up',
    },
    {
      mail: { inDoubt: true },
      reason: 'ResultsInDoubt',
      message:
        'of some recipients nobody knows whether their mail went: look for state uncertain and resolve them (docs/http.md)',
    },
  ])('does not flow: $reason', ({ mail, reason, message }) => {
    expect(telling(mail)).toEqual({ status: 'False', reason, message })
  })

  it('is told of by what stops all of it before what stops a part', () => {
    const all = { closed, deadLetters: true, inDoubt: true, stuckSince: '2026-11-23T11:30:00Z' }
    expect(telling({ ...all, paused: true }).reason).toBe('Paused')
    expect(telling(all).reason).toBe('ProviderUnreachable')
    expect(telling({ ...all, closed: { ...closed, lasting: false } }).reason).toBe('DeadLetters')
  })

  it('flows while a provider stutters', () => {
    expect(telling({ closed: { ...closed, lasting: false } }).status).toBe('True')
  })

  it.each<{ mail: Partial<MailSeen>; before: string; status: string }>([
    { mail: { refused: 'near' }, before: 'Flowing', status: 'True' },
    { mail: { refused: 'near' }, before: 'MailsRefused', status: 'False' },
    { mail: { refused: 'little' }, before: 'MailsRefused', status: 'True' },
    { mail: { backlog: 'near' }, before: 'Flowing', status: 'True' },
    { mail: { backlog: 'near' }, before: 'Backlog', status: 'False' },
    { mail: { backlog: 'little' }, before: 'Backlog', status: 'True' },
  ])('near a limit it is as it was: $mail after $before is $status', ({ mail, before, status }) => {
    expect(telling(mail, { sender: told(before, before === 'Flowing' ? 'True' : 'False') }).status).toBe(
      status,
    )
  })

  it('does not flow when the provider refuses the credentials', () => {
    const seen: WorkerSeen = { reached: true, providerRefuses: true, mail: WELL }
    expect(judge(seeing(seen))).toMatchObject({
      status: 'False',
      reason: 'ProviderRefuses',
      message:
        'the SMTP server refuses the credentials of Secret smtp (username, password), as the workers see it',
    })
  })
})

describe('it is not known whether mail flows', () => {
  const idle = sender({ spec: { ...SPEC, worker: { ...SPEC.worker, replicas: 0 } } })

  it.each<{ why: string; more: Partial<Snapshot>; reason: string }>([
    { why: 'no worker was asked yet', more: {}, reason: 'NotObserved' },
    {
      why: 'no worker was asked lately',
      more: seeing({ reached: true, mail: WELL }, new Date(NOW.getTime() - 100_000)),
      reason: 'NotObserved',
    },
    { why: 'workers do not tell', more: seeing({ reached: true, fsync: 'on' }), reason: 'NotObserved' },
    { why: 'no worker answers', more: seeing({ reached: false }), reason: 'WorkersUnreachable' },
    {
      why: 'no worker is wanted',
      more: { sender: idle, ...seeing({ reached: false }) },
      reason: 'ScaledToZero',
    },
  ])('when $why', ({ more, reason }) => {
    expect(judge({ evidence: {}, ...more })).toMatchObject({ status: 'Unknown', reason })
  })

  it('but what was said stands until somebody has looked, or while an older worker answers', () => {
    const stuck = { status: 'False', reason: 'Stuck', message: 'what was said' }
    expect(judge({ evidence: {}, sender: told('Stuck') })).toEqual(stuck)
    expect(judge({ ...seeing({ reached: true }), sender: told('Stuck') })).toEqual(stuck)
    expect(judge({ evidence: {}, sender: told('OfAnother') }).reason).toBe('NotObserved')
    expect(judge({ evidence: {}, sender: { ...told('Stuck'), generation: 2 } }).reason).toBe('NotObserved')
  })
})
