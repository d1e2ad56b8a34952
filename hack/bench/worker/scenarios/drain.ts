/** A full queue, one process, and how fast it is emptied. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { Contestant } from '../contestants.ts'
import { cpuSecondsOf } from '../arena.ts'

export interface Drain {
  readonly mailsPerSecond: number
  readonly cpuSecondsPerThousand: number
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
    const at = (index: number) => Date.parse(messages.at(index)?.receivedAt ?? '')
    return {
      mailsPerSecond: (count * 1_000) / Math.max(1, at(-1) - at(0)),
      cpuSecondsPerThousand: ((cpuSeconds - cpuBefore.seconds) * 1_000) / count,
    }
  } finally {
    await turn.stop()
  }
}
