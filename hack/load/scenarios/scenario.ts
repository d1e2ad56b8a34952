/** At which pace requests go out, and what is the right answer to them. Pure. */
import type { Shot } from '../flood.ts'

export interface Scenario {
  /** So many requests in so many seconds. */
  readonly rate: number
  readonly perSeconds: number
  /** Requests under way at once, at most. */
  readonly most: number
  /** Each kind of request → the status of its right answer. */
  readonly answers: Readonly<Record<string, number>>
}

/** A POST, and one of the kinds of its scenario. */
export interface Call extends Shot {
  readonly kind: string
}

/** The request of an index, other than that of any other; `now` is when it is handed over. */
export type Calls = (index: number, now: Date) => Call

export type ScenarioName = 'sustained' | 'burst' | 'webhooks'

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  sustained: { rate: 1_000, perSeconds: 3_600, most: 20, answers: { batch: 202 } },
  burst: { rate: 1_000, perSeconds: 60, most: 200, answers: { batch: 202 } },
  webhooks: { rate: 1_000, perSeconds: 1, most: 800, answers: { genuine: 200, forged: 401 } },
}

export const isScenario = (name: string): name is ScenarioName => Object.hasOwn(SCENARIOS, name)

/** @returns how many requests are due in so many seconds. @throws RangeError when there is none. */
export function wantedIn({ rate, perSeconds }: Scenario, seconds: number): number {
  const wanted = Math.floor((rate * seconds) / perSeconds)
  if (wanted >= 1) return wanted
  throw new RangeError(`no request is due within ${seconds} s: one comes every ${perSeconds / rate} s`)
}
