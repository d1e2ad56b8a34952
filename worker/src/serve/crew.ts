/** What all workers together have seen of the provider and of their API. Pure. */
import type { Evidence } from '../http/internalServer.ts'
import type { WorkerState } from '../store/workerStates.ts'
import type { Attempts } from '../sending/attemptWindow.ts'
import { spanMs } from '../sending/providerOutage.ts'

/** The outage that has been met for longest stands for all. @returns undefined when none of them has one */
export function closedOf(crew: readonly WorkerState[]): Evidence['provider']['closed'] {
  const outages = crew.flatMap(({ outage }) => outage ?? [])
  const [first] = outages.toSorted((one, other) => spanMs(other) - spanMs(one))
  if (first === undefined) return undefined
  const { since, retryClass, code, replyCode } = first
  return {
    since: since.toISOString(),
    seconds: spanMs(first) / 1_000,
    class: retryClass,
    ...(code !== undefined && { code }),
    ...(replyCode !== undefined && { replyCode }),
    workers: outages.length,
    of: crew.length,
  }
}

/** The class that most were refused with is that of the worker with most refusals. */
export function attemptsOf(crew: readonly WorkerState[]): Evidence['work']['attempts'] {
  const sum = (of: (attempts: Attempts) => number) =>
    crew.reduce((total, state) => total + of(state.attempts), 0)
  const [worst] = crew.toSorted((one, other) => other.attempts.refused - one.attempts.refused)
  const most = worst?.attempts.most
  return {
    made: sum(({ attempts }) => attempts),
    refused: sum(({ refused }) => refused),
    ...(most !== undefined && { mostRefused: most }),
  }
}

export function answersOf(crew: readonly WorkerState[]): Evidence['api'] {
  const sum = (of: keyof WorkerState['answers']) =>
    crew.reduce((total, { answers }) => total + answers[of], 0)
  return { answered: sum('answers'), slow: sum('slow'), failed: sum('failed') }
}
