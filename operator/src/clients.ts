/** Clients of the servers outside, through which observers look and effects are carried out: the composition of main.ts for them. */
import type { DialGuard } from './adapters/dialGuard.ts'
import type { Transport } from './runtime/transport.ts'
import { ALL_ANSWERS, AnswerBudget } from './adapters/answerBudget.ts'
import { Clickhouse } from './adapters/clickhouse.ts'
import { Logins } from './adapters/logins.ts'
import { Nats } from './adapters/nats.ts'

export interface Clients {
  readonly clickhouse: Clickhouse
  readonly logins: Logins
  readonly nats: Nats
}

export function clientsOf(transport: Transport, guard: DialGuard): Clients {
  const budget = new AnswerBudget(ALL_ANSWERS)
  return {
    clickhouse: new Clickhouse(transport, guard, budget),
    logins: new Logins(transport, guard),
    nats: new Nats(transport, guard, budget),
  }
}
