/** The way of one chunk: claim → send → record, until nothing of it can be sent now; then settle. */
import type {
  ChunkRef,
  Claimed,
  Content,
  Lane,
  Ledger,
  Onlooker,
  Outcome,
  Provider,
  Rate,
  Result,
  Settled,
  Switches,
  Work,
} from './ports.ts'
import type { BatchWatch, Consequence } from './batchWatch.ts'
import type { Gates } from './gates.ts'
import type { Recorder } from './recorder.ts'
import type { Slots } from './slots.ts'
import type { DominantRefusal } from '../domain/pauseReason.ts'
import type { OnUncertain } from '../domain/retryClasses.ts'
import { verdictOf } from '../domain/retryClasses.ts'
import type { UnsubscribeUrl } from './renderMail.ts'
import { unpaused } from './pause.ts'
import { renderMail } from './renderMail.ts'

export interface Sending {
  readonly ledger: Ledger
  readonly provider: Provider
  readonly rate: Rate
  readonly slots: Slots
  readonly gates: Gates
  readonly watch: BatchWatch
  readonly recorder: Recorder
  readonly onlooker: Onlooker
  /** Told of every answer that is no acceptance. */
  readonly onRefused: (claimed: Claimed, outcome: Outcome) => void
  /** Told of a batch that pauses by itself. */
  readonly onPaused: (batchId: string, refusal: DominantRefusal) => void
  readonly switches: Switches
  readonly unsubscribeUrl?: UnsubscribeUrl | undefined
  /** Aborted = no further claim; what is claimed is finished. */
  readonly stopping: AbortSignal
}

/** A mail is rendered, encoded and sent: about four copies of it are in memory until its result is written. */
const BYTES_PER_SLOT = 256 * 1_024

/**
 * The caller acknowledges the wake-up after this has resolved: by then everything is written.
 * @param begun called when the chunk has got its first slots
 */
export async function sendChunk(
  ref: ChunkRef,
  sending: Sending,
  begun: () => void = () => undefined,
): Promise<Settled> {
  const { ledger, stopping } = sending
  const work = await ledger.begin(ref)
  if (work !== undefined) {
    const cost = slotsFor(work.content, sending.slots.largest)
    const inFlight: Promise<void>[] = []
    try {
      while (!stopping.aborted && heldBackMs(ref, sending) === 0) {
        const claimed = await claimSome(work, cost, sending, begun)
        if (claimed.length === 0) break
        for (const one of claimed) inFlight.push(sendOne(one, work, cost, sending))
      }
    } finally {
      await Promise.all(inFlight)
    }
  }
  return putOff(await ledger.settle(ref), heldBackMs(ref, sending))
}

const heldBackMs = ({ batchId }: ChunkRef, { gates }: Sending): number => gates.waitMsOf(batchId, Date.now())

/** A batch that is held back waits in the queue: here it would keep others from being handled. */
const putOff = (settled: Settled, waitMs: number): Settled =>
  settled.done ? settled : { done: false, againMs: Math.max(settled.againMs, waitMs) }

/** Large mails take several slots each, so that memory is bounded whatever is sent. */
function slotsFor({ text = '', html = '' }: Content, most: number): number {
  return Math.min(most, Math.ceil((text.length + html.length + 1) / BYTES_PER_SLOT))
}

const laneOf = ({ express }: Work): Lane => (express ? 'express' : 'bulk')

/** As many as there is room and rate for; each holds its slots until its result is written. */
async function claimSome(
  work: Work,
  cost: number,
  sending: Sending,
  begun: () => void,
): Promise<readonly Claimed[]> {
  const { ledger, slots, rate, gates, switches, stopping } = sending
  await gates.passed(stopping)
  await unpaused(() => switches.isPaused(), stopping)
  const wanted = work.lastSeq - work.firstSeq + 1
  const groups = (await switches.claimsWidely(work.batchId)) ? 2 : 1
  const lane = laneOf(work)
  const room = (await slots.take(wanted * cost, stopping, { unit: cost, groups, lane })) / cost
  begun()
  let granted = 0
  let claimed: readonly Claimed[] = []
  try {
    if (room > 0) granted = await rate.take(room, stopping, lane)
    // Room and rate may have been waited for.
    if (granted > 0 && !(await switches.isPaused())) claimed = await ledger.claim(work, granted)
    return claimed
  } finally {
    rate.giveBack(granted - claimed.length)
    slots.giveBack((room - claimed.length) * cost, lane)
  }
}

async function sendOne(claimed: Claimed, work: Work, cost: number, sending: Sending): Promise<void> {
  const { gates, watch, rate, recorder, onlooker, onRefused, slots, switches } = sending
  try {
    const startedAt = new Date()
    const outcome = await outcomeOf(claimed, work, sending)
    const endedAt = new Date()
    onlooker.attempted(outcome.retryClass, startedAt, endedAt)
    let isOfAll = false
    if (outcome.retryClass === 'accepted') gates.succeeded(claimed)
    else {
      onRefused(claimed, outcome)
      isOfAll = gates.failed(claimed, outcome, endedAt.getTime())
    }
    if (outcome.perSecond !== undefined) rate.learned(outcome.perSecond)
    // One mailbox that is told so slows down nobody else.
    if (outcome.retryClass === 'throttle' && isOfAll) rate.refused(outcome.retryAfterMs)
    // A flag is looked up for every mail otherwise.
    const onUncertain = outcome.retryClass === 'ambiguous' ? await switches.onUncertain() : 'Hold'
    await recorder.record(resultOf(claimed, outcome, startedAt, onUncertain))
    const consequence = watch.note(work, claimed, outcome)
    if (consequence !== undefined) await carryOut(consequence, work, sending)
  } finally {
    slots.giveBack(cost, laneOf(work))
  }
}

/** Providers promise not to throw; whoever breaks that may have sent the mail, and must not end the process. */
async function outcomeOf(
  claimed: Claimed,
  { content }: Work,
  { provider, unsubscribeUrl }: Sending,
): Promise<Outcome> {
  try {
    return await provider.send(renderMail(content, claimed, unsubscribeUrl))
  } catch (error) {
    return { retryClass: 'ambiguous', code: 'internal_error', detail: String(error) }
  }
}

function resultOf(claimed: Claimed, outcome: Outcome, startedAt: Date, onUncertain: OnUncertain): Result {
  const { retryClass, retryAfterMs, code, providerMessageId } = outcome
  const { stage, replyCode, enhancedCode, detail } = outcome
  const reply = {
    ...(stage !== undefined && { stage }),
    ...(replyCode !== undefined && { replyCode }),
    ...(enhancedCode !== undefined && { enhancedCode }),
    ...(detail !== undefined && { detail }),
  }
  const { tries, ageMs } = claimed
  const verdict = verdictOf({ retryClass, onUncertain, tries, ageMs, retryAfterMs, random: Math.random() })
  return { ...verdict, claimed, retryClass, startedAt, code, providerMessageId, reply }
}

/** Not writing this costs nothing but a refusal for every further recipient, and the next ones say the same. */
async function carryOut(
  consequence: Consequence,
  work: Work,
  { ledger, onlooker, onPaused }: Sending,
): Promise<void> {
  try {
    if (consequence.kind === 'fail') await ledger.failBatch(work, 'sender', consequence.code)
    else if (await ledger.pauseBatch(work, consequence.refusal)) onPaused(work.batchId, consequence.refusal)
  } catch (error) {
    onlooker.recordFailed(error, 0)
  }
}
