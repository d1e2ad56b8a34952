/** SIGKILL in the middle, a new process, and what became of every recipient. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena.ts'
import type { Contestant } from '../contestants.ts'

export interface Crash {
  /** Part of the mails that were out when the process was killed. */
  readonly share: number
  readonly duplicates: number
  /** No mail, and nothing that says so. */
  readonly missing: number
  /** Said to be unknown. */
  readonly uncertain: number
  readonly seconds: number
}

/** After that nobody waits any more: a queue may hold a job of the dead for hours. */
const PATIENCE_MS = 90_000

export async function crash(
  arena: Arena,
  contestant: Contestant,
  run: string,
  count: number,
  share: number,
): Promise<Crash> {
  const { sink } = arena.rig
  const before = await sink.count()
  const arrived = async () => (await sink.count()) - before
  const turn = await contestant.prepare(arena, run, count)
  try {
    await turn.start()
    while ((await arrived()) < count * share) await sleep(5)
    await turn.kill()
    const killedAt = Date.now()
    await turn.start()
    while (!(await turn.isOver().catch(() => false)) && Date.now() - killedAt < PATIENCE_MS) await sleep(100)
    const seconds = (Date.now() - killedAt) / 1_000
    const messages = (await sink.messages(before)).filter(({ recipient }) => recipient.startsWith(`${run}-`))
    const distinct = new Set(messages.map(({ recipient }) => recipient)).size
    const uncertain = await turn.uncertain()
    return {
      share,
      duplicates: messages.length - distinct,
      missing: Math.max(0, count - distinct - uncertain),
      uncertain,
      seconds,
    }
  } finally {
    await turn.stop()
  }
}
