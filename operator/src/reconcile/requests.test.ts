import { describe, expect, it } from 'vitest'
import type { StepOutcome } from './commit.ts'
import type { Outcome } from './ports.ts'
import type { Sender } from '../components/snapshot.ts'
import { REQUEST_CHARACTERS, REQUEST_NAMES, REQUESTS } from '../../../crds/requests.ts'
import { requestedJob } from '../components/backup/onDemand.ts'
import { openRequest } from '../components/parts/requests.ts'
import { children, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { Job } from '../vocabulary/kinds.ts'
import { senderOf } from './gather.ts'
import { handledRequests } from './requests.ts'

const job = (name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'mail', uid: `uid-${name}` },
})

const MADE: Outcome = { state: 'done', change: 'created', what: 'Job' }

/** What became of the Job of that name. */
const wrote = (name: string, outcome: Outcome): StepOutcome => ({
  step: { conditionType: 'BackupReady', desired: { type: 'object', resource: Job, object: job(name) } },
  outcome,
  contests: [],
})

const asking = (more: Partial<Sender> = {}) =>
  snapshot({ sender: sender({ requests: { backup: 'b2' }, ...more }) })

const jobOf = (of: ReturnType<typeof snapshot>) => {
  const name = requestedJob(of)?.name
  if (name === undefined) throw new Error('no Job is asked for')
  return name
}

const before = { lastHandledReconcileAt: 'r1', lastHandledBackupRequest: 'b1' }

describe('a request', () => {
  it.each(REQUEST_NAMES)(
    '%s is read from its annotation, as much of it as the status has room for',
    (name) => {
      const annotations = { [REQUESTS[name].annotation]: 'x'.repeat(1_000) }
      const who = senderOf({
        apiVersion: 'batchsender.io/v1alpha1',
        kind: 'BatchSender',
        metadata: { name: 'orders', namespace: 'mail', annotations },
        spec: SPEC,
      })
      expect(who.requests).toEqual({ [name]: 'x'.repeat(REQUEST_CHARACTERS) })
    },
  )

  it.each(REQUEST_NAMES)('%s is open until the status calls that very value handled', (name) => {
    const open = (requested: string | undefined, handled?: string) =>
      openRequest(
        {
          requests: requested === undefined ? {} : { [name]: requested },
          status: handled === undefined ? {} : { [REQUESTS[name].handledIn]: handled },
        },
        name,
      )
    expect(open('one')).toBe('one')
    expect(open('two', 'one')).toBe('two')
    expect(open('one', 'one')).toBeUndefined()
    expect(open(undefined)).toBeUndefined()
  })

  it.each(REQUEST_NAMES)('%s that was withdrawn asks for nothing', (name) => {
    const status = { [REQUESTS[name].handledIn]: 'one' }
    expect(openRequest({ requests: {}, status }, name)).toBeUndefined()
  })
})

describe('the status', () => {
  it('says nothing where nothing was asked for', () => {
    expect(handledRequests(snapshot(), [])).toEqual({})
  })

  it('mirrors a reconcile with the pass that reads it, and keeps what was handled when it is withdrawn', () => {
    const requests = { reconcile: 'r2' }
    expect(handledRequests(snapshot({ sender: sender({ requests, status: before }) }), [])).toEqual({
      ...before,
      lastHandledReconcileAt: 'r2',
    })
    expect(handledRequests(snapshot({ sender: sender({ status: before }) }), [])).toEqual(before)
  })

  it.each<{ why: string; outcome: Outcome; handled: string | undefined }>([
    { why: 'its Job was made', outcome: MADE, handled: 'b2' },
    { why: 'its Job was as it should be', outcome: { state: 'unchanged' }, handled: 'b2' },
    {
      why: 'its Job was refused',
      outcome: { state: 'refused', what: 'Job', message: 'no', invalid: false },
      handled: 'b1',
    },
  ])('calls a backup handled: $why → $handled', ({ outcome, handled }) => {
    const given = asking({ status: before })
    const outcomes = [wrote(jobOf(given), outcome)]
    expect(handledRequests(given, outcomes).lastHandledBackupRequest).toBe(handled)
  })

  it('calls a backup handled when its Job is there', () => {
    const given = asking()
    expect(handledRequests({ ...given, children: children(job(jobOf(given))) }, [])).toEqual({
      lastHandledBackupRequest: 'b2',
    })
  })

  it('does not take the Job of a repair for the one that was asked for', () => {
    const outcomes = [wrote('orders-backup-repair', MADE)]
    expect(handledRequests(asking({ status: before }), outcomes)).toEqual(before)
    expect(handledRequests(asking({ status: before, requests: {} }), outcomes)).toEqual(before)
  })
})
