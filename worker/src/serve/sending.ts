/** Sends, from claim to record. */
import type { Part } from '../runtime/parts.ts'
import type { Onlooker, Provider, Rate, Switches } from '../sending/ports.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { SweepLoop } from '../sending/sweepLoop.ts'
import type { WorkLoopOptions, WorkQueue } from '../sending/workLoop.ts'
import type { Continuity } from '../store/continuity.ts'
import type { Pools } from '../store/pools.ts'
import type { WorkerState } from '../store/workerStates.ts'
import type { UnsubscribeLinks } from '../unsubscribe.ts'
import type { Context } from './context.ts'
import type { Health } from './health.ts'
import { isOutage, kindOf } from '../domain/outage.ts'
import { allowanceLoop } from '../sending/allowanceLoop.ts'
import { AttemptWindow } from '../sending/attemptWindow.ts'
import { BatchWatch } from '../sending/batchWatch.ts'
import { expressLane } from '../sending/expressLane.ts'
import { Gates } from '../sending/gates.ts'
import { loginLoop } from '../sending/loginLoop.ts'
import { Recorder } from '../sending/recorder.ts'
import { sendChunk } from '../sending/sendChunk.ts'
import { sharedRate, unlimited } from '../sending/sharedRate.ts'
import { Slots } from '../sending/slots.ts'
import { workLoop } from '../sending/workLoop.ts'
import { SMALL_RANK, takeExpress, URGENT_RANK } from '../store/express.ts'
import { ledger as openLedger } from '../store/ledger.ts'
import { tokenBucket } from '../store/rate.ts'
import { tellingRefusals } from './tellingRefusals.ts'

/** Kubernetes gives 60 s: what is under way has most of it, then results go unwritten and become uncertain. */
const FINISH_MS = 45_000
/** A server may take longer for its answer than there is time: then mails end, and their results can be written. */
const END_MAILS_MS = 35_000
/** Chunks worked on at once that come through the queue: enough that large batches do not wait for each other. */
const HANDLERS = 8
/** Those of the express lane; one more is for small batches alone, and one for those of them that are urgent. */
const EXPRESS_HANDLERS = 3
/** How long a small batch waits at most that another worker accepted. */
const EXPRESS_EVERY_MS = 1_000
/** Of the slots, what large batches leave free, as a part of what is with the provider at once. */
const RESERVED = 0.2
const LINGER_MS = 10
const GROUP = 40

export interface SendingNeeds {
  readonly pools: Pick<Pools, 'sending'>
  readonly continuity: Continuity
  readonly queue: WorkQueue
  readonly provider: Provider
  readonly features: Switches
  readonly unsubscribe: UnsubscribeLinks | undefined
  /** Told of each chunk that was taken out of the queue. */
  readonly sweeping: Pick<SweepLoop, 'nudge'>
  /** Nothing is claimed before it serves. */
  readonly health: Pick<Health, 'served'>
}

export interface Sending {
  /** Something became due: whoever waits for it in the express lane looks now. */
  nudge(): void
  inFlight(): number
  /** Results that have waited to be written for longer than a lease. */
  overdueResults(): number
  /** Whether the provider's own answers hold everything back. */
  isClosed(): boolean
  /** What came of the last attempts, and since when nothing has gone through, if so. */
  lately(): Pick<WorkerState, 'attempts' | 'outage'>
}

export function openSending(context: Context, needs: SendingNeeds): Sending & Part {
  const { settings, tuning, worker, log, metrics, stopping } = context
  const { pools, provider, features: switches, queue, health } = needs
  const attempts = new AttemptWindow()
  const onlooker = onlookerOf(context, provider, attempts)
  const lastCall = openLastCall(stopping, () => provider.giveUp?.())
  const ledger = openLedger(pools.sending, {
    worker,
    leaseMs: tuning.leaseMs,
    claimMs: tuning.claimMs,
    provider: provider.name,
    onUncertain: () => switches.onUncertain(),
    repeatableMs: provider.repeatableMs,
    deadAfter: tuning.deadAfter,
    events: settings.clickhouseUrl !== undefined,
    continuity: needs.continuity,
    onContradiction: (recipients) => {
      metrics.contradictions.inc(recipients.length)
      log.error({ recipients }, 'mails went of which something else had been said or believed')
    },
  })
  // Beside those with the provider, as many are being claimed, and as many recorded.
  const slots = new Slots(
    tuning.concurrency * 3,
    tuning.concurrency,
    Math.floor(tuning.concurrency * RESERVED),
  )
  const recorder = new Recorder(ledger, onlooker, {
    lingerMs: LINGER_MS,
    groupSize: GROUP,
    giveUp: lastCall.giveUp,
  })
  const rate = rateOf(context, needs)
  const allowance = allowanceLoop({
    provider,
    rate,
    stopping,
    onError: (error) => {
      log.warn({ err: error }, 'the provider does not tell how much it takes')
    },
  })
  const logins = loginLoop(provider, stopping)
  const gates = new Gates()
  const sending = {
    ledger: {
      ...ledger,
      // There is room in the queue for the next one.
      begin: (ref: ChunkRef) => ledger.begin(ref).finally(needs.sweeping.nudge),
    },
    provider,
    rate,
    slots,
    gates,
    watch: new BatchWatch(),
    recorder,
    onlooker,
    ...tellingRefusals(context),
    switches,
    unsubscribeUrl: needs.unsubscribe?.urlFor,
    stopping,
  }
  const laneOf = (most?: number) =>
    expressLane({
      take: () => takeExpress(pools.sending, tuning.leaseMs, most),
      everyMs: EXPRESS_EVERY_MS,
    })
  const lanes = { any: laneOf(), small: laneOf(SMALL_RANK), urgent: laneOf(URGENT_RANK) }
  const active = new Set<string>()
  const loop = (from: WorkQueue, handlers: number, letIn: WorkLoopOptions['letIn']) =>
    workLoop({
      queue: from,
      handle: (ref, begun) => sendChunk(ref, sending, begun),
      renew: (ref) => ledger.renew(ref),
      failed: async (ref, error) => {
        if (isOutage(error) || !(await ledger.failed(ref, kindOf(error)))) return false
        log.error(
          { err: error, ...ref },
          'a chunk was put aside: mend the cause, then replay the dead letter',
        )
        return true
      },
      renewEveryMs: tuning.leaseMs / 3,
      handlers,
      active,
      letIn,
      stopping,
      onError: (error, during, ref) => {
        log.warn({ err: error, ...ref }, `${during} failed`)
      },
    })
  const atOnce = () => Promise.resolve(() => undefined)
  const run = () =>
    Promise.all([
      loop(queue, HANDLERS, (signal) => slots.letIn(signal)),
      loop(lanes.any, EXPRESS_HANDLERS, atOnce),
      loop(lanes.small, 1, atOnce),
      loop(lanes.urgent, 1, atOnce),
    ])
  return {
    nudge: () => {
      for (const lane of Object.values(lanes)) lane.nudge()
    },
    inFlight: () => slots.taken,
    overdueResults: () => recorder.waitingLonger(tuning.leaseMs),
    isClosed: () => gates.waitMs(Date.now()) > 0,
    lately: () => ({ attempts: attempts.sum(performance.now()), outage: gates.outage(Date.now()) }),
    finished: Promise.all([health.served, allowance.looked])
      .then(([isReady]) => (isReady ? run() : undefined))
      .then(() => Promise.all([allowance.finished, logins]))
      .then(() => undefined),
    close: lastCall.close,
  }
}

/** The time that is left once told to stop. */
function openLastCall(
  stopping: AbortSignal,
  endMails: () => void,
): { readonly giveUp: AbortSignal; readonly close: () => void } {
  const giveUp = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const begin = () => {
    timers.push(setTimeout(endMails, END_MAILS_MS))
    timers.push(
      setTimeout(() => {
        giveUp.abort()
      }, FINISH_MS),
    )
  }
  stopping.addEventListener('abort', begin, { once: true })
  return {
    giveUp: giveUp.signal,
    close: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** Nobody shares the rate of SMTP without a limit of ours: servers tell of theirs by refusing. */
function rateOf({ settings, log }: Context, { pools, provider }: SendingNeeds): Rate {
  const { maxPerSecond } = settings
  if (provider.name === 'smtp' && maxPerSecond === undefined) return unlimited
  return sharedRate(tokenBucket(pools.sending, provider.name, maxPerSecond), (error) => {
    log.warn({ err: error }, 'the other workers do not know what the provider said of its limit')
  })
}

function onlookerOf({ log, metrics }: Context, provider: Provider, window: AttemptWindow): Onlooker {
  return {
    attempted: (retryClass, startedAt, endedAt) => {
      window.note(retryClass, performance.now())
      metrics.attempts.inc({ provider: provider.name, class: retryClass })
      metrics.attemptSeconds.observe(
        { provider: provider.name },
        (endedAt.getTime() - startedAt.getTime()) / 1_000,
      )
    },
    fenced: (count) => {
      metrics.fenced.inc(count)
      log.warn({ count }, 'results came after their lease was lost')
    },
    recordFailed: (error, waiting) => {
      metrics.recordFailures.inc()
      log.warn({ err: error, waiting }, 'results cannot be written and are kept')
    },
    setAside: (error, { batchId, seq, attempt }) => {
      log.error({ err: error, batchId, seq, attempt }, 'a result is written without its words')
    },
  }
}
