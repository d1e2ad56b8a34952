/** A full queue, one process, and how fast it is emptied. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { Contestant } from '../contestants.ts'
import type { SunkMessage } from '../../../standins/smtpSink.ts'
import { cpuSecondsOf } from '../arena.ts'
import { percentile } from '../../operator/statistics.ts'

export interface Drain {
  readonly mailsPerSecond: number
  readonly cpuSecondsPerThousand: number
  /** From the moment the queue is full and its process is told to begin. */
  readonly toAcceptMs: { readonly p50: number; readonly p99: number }
}

const PATIENCE_MS = 600_000

/**
 * Between the first and the last mail as the sink saw them.
 * @throws Error unless every recipient had one mail and, the ceiling apart, is said to have been accepted.
 */
export async function drain(
  arena: Arena,
  contestant: Contestant,
  run: string,
  count: number,
): Promise<Drain> {
  const { sink } = arena.rig
  const before = await sink.count()
  const turn = await contestant.prepare(arena, run, count)
  try {
    const startedAt = Date.now()
    const cpuBefore = await turn.start().then(async (pid) => ({ pid, seconds: await cpuSecondsOf(pid) }))
    const until = Date.now() + PATIENCE_MS
    let cpuSeconds = 0
    while ((await sink.count()) - before < count) {
      cpuSeconds = await cpuSecondsOf(cpuBefore.pid).catch(() => cpuSeconds)
      if (Date.now() > until) throw new Error(`${(await sink.count()) - before} of ${count} in time`)
      await sleep(50)
    }
    while (!(await turn.isOver())) {
      if (Date.now() > until) throw new Error(`${await turn.accepted()} of ${count} accepted in time`)
      await sleep(50)
    }
    cpuSeconds = await cpuSecondsOf(cpuBefore.pid).catch(() => cpuSeconds)
    const messages = (await sink.messages(before)).filter(({ recipient }) => recipient.startsWith(`${run}-`))
    const distinct = new Set(messages.map(({ recipient }) => recipient)).size
    if (distinct !== count || messages.length !== count)
      throw new Error(`${messages.length} mails to ${distinct} of ${count} recipients`)
    const waits = messages.map(({ receivedAt }) => Date.parse(receivedAt) - startedAt)
    return {
      mailsPerSecond: rateBetween(messages),
      cpuSecondsPerThousand: ((cpuSeconds - cpuBefore.seconds) * 1_000) / count,
      toAcceptMs: { p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) },
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
