/** A full queue, one process, and how fast it is emptied. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { Contestant } from '../contestants.ts'
import type { SunkMessage } from '../../../standins/smtpSink.ts'
import { delayReplies } from '../fastSink.ts'
import { usedBy, writtenTo } from '../figures.ts'
import { percentile } from '../../operator/statistics.ts'

export interface Drain {
  readonly mailsPerSecond: number
  readonly cpuSecondsPerThousand: number
  /** From the moment the queue is full and its process is told to begin. */
  readonly toAcceptMs: { readonly p50: number; readonly p99: number }
  /** Of the process. */
  readonly peakMiB: number
  /** Of PostgreSQL, from before the queue was filled to the end, for each mail. */
  readonly walBytes: number
  readonly statements: number
}

export interface Line {
  /** Every reply of the SMTP server comes so much later. */
  readonly delayMs: number
  /** To it, of everybody. */
  readonly connections: number
}

export const LONG_LINE: Line = { delayMs: 20, connections: 10 }

const PATIENCE_MS = 600_000

/**
 * Between the first and the last mail as the sink saw them.
 * @throws Error unless every recipient had one mail and, bare nodemailer apart, is said to have been accepted.
 */
export async function drain(
  arena: Arena,
  contestant: Contestant,
  run: string,
  count: number,
  line?: Line,
): Promise<Drain> {
  const { sink } = arena.rig
  if (line !== undefined) await delayReplies(sink, line.delayMs)
  const [before, writtenBefore] = [await sink.count(), await writtenTo(arena.rig)]
  const turn = await contestant.prepare(arena, run, count, line?.connections)
  try {
    const startedAt = Date.now()
    const pid = await turn.start()
    const atStart = await usedBy(pid)
    let used = atStart
    const looking = async () => {
      used = await usedBy(pid).catch(() => used)
      if (Date.now() - startedAt > PATIENCE_MS)
        throw new Error(`${await turn.accepted()} of ${count} accepted in time`)
      await sleep(50)
    }
    while ((await sink.count()) - before < count) await looking()
    while (!(await turn.isOver())) await looking()
    used = await usedBy(pid).catch(() => used)
    const written = await writtenTo(arena.rig)
    const messages = (await sink.messages(before)).filter(({ recipient }) => recipient.startsWith(`${run}-`))
    const distinct = new Set(messages.map(({ recipient }) => recipient)).size
    if (distinct !== count || messages.length !== count)
      throw new Error(`${messages.length} mails to ${distinct} of ${count} recipients`)
    const waits = messages.map(({ receivedAt }) => Date.parse(receivedAt) - startedAt)
    return {
      mailsPerSecond: rateBetween(messages),
      cpuSecondsPerThousand: ((used.cpuSeconds - atStart.cpuSeconds) * 1_000) / count,
      toAcceptMs: { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) },
      peakMiB: used.peakMiB,
      walBytes: (written.walBytes - writtenBefore.walBytes) / count,
      statements: (written.statements - writtenBefore.statements) / count,
    }
  } finally {
    await turn.stop()
  }
}

/** Mails/s between the first and the last. */
export function rateBetween(messages: readonly Pick<SunkMessage, 'receivedAt'>[]): number {
  const at = (index: number) => Date.parse(messages.at(index)?.receivedAt ?? '')
  return (messages.length * 1_000) / Math.max(1, at(-1) - at(0))
}
