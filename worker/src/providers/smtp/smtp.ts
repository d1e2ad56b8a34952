/** SMTP through a pool of connections; every failure is told apart by whether the mail may have been taken. */
import type { OutgoingMail, Outcome, Provider } from '../../sending/ports.ts'
import type { Again } from './again.ts'
import type { SmtpOptions } from './options.ts'
import type { Offered } from './pool.ts'
import { LoginNote } from '../../sending/loginNote.ts'
import { againBecause } from './again.ts'
import { refusesLogin } from './classes.ts'
import { ConnectionLimit } from './connectionLimit.ts'
import { SmtpPool } from './pool.ts'

export type { SmtpOptions } from './options.ts'

/** How often one mail waits for a connection that is taken, before it is left to the worker to wait. */
const WAITS_AT_MOST = 4

export function smtp(options: SmtpOptions): Provider {
  const { username, connections, maxMessagesPerConnection } = options
  const pool = new SmtpPool(options)
  const limit = new ConnectionLimit(connections)
  const login = new LoginNote()
  const hasLogin = username !== undefined
  /** Each connection that takes no more is left by the pool, so that no more of them can be in the way. */
  const mostAsked = { worn: connections, connections: WAITS_AT_MOST, opinion: 1 } as const
  const givenUp = Promise.withResolvers<undefined>()

  const offer = async (mail: OutgoingMail, isFirst: boolean): Promise<Offered> => {
    const offered = await pool.offer(mail, isFirst)
    if (offered.failure === undefined) {
      limit.took(performance.now())
      pool.maxConnections = limit.allowed
      if (hasLogin) login.note('accepted')
    } else if (hasLogin && refusesLogin(offered.failure)) login.note('refused')
    return offered
  }
  /** @returns whether it is of use to offer the mail again */
  const prepare = (again: Again, { connection }: Offered): boolean => {
    if (again.because === 'worn') {
      if (again.most !== undefined) pool.maxMessages = Math.min(pool.maxMessages, again.most)
      return true
    }
    if (connection !== undefined) pool.leave(connection)
    if (again.because === 'opinion') return true
    limit.refused(pool.open, performance.now())
    pool.maxConnections = limit.allowed
    // Where not even one was opened, there is nothing to wait for.
    return connection !== undefined || pool.open > 0
  }
  const send = async (mail: OutgoingMail): Promise<Outcome> => {
    const asked = { worn: 0, connections: 0, opinion: 0 }
    for (let wasWorn = false, isFirst = false; ;) {
      const offered = await offer(mail, isFirst)
      const again = againOf(offered)
      // A new connection does not take it either: it was not about the connection.
      if (wasWorn && offered.outcome.retryClass === 'throttle' && again === undefined)
        pool.maxMessages = maxMessagesPerConnection
      if (again === undefined || !prepare(again, offered)) return offered.outcome
      asked[again.because] += 1
      if (asked[again.because] > mostAsked[again.because]) return offered.outcome
      wasWorn = again.because === 'worn'
      // Whoever has waited for a connection does not wait for all others again; fewer connections are there only later.
      isFirst = again.because !== 'connections'
    }
  }
  /** Over a connection of its own. */
  const tryLogin = async (): Promise<void> => {
    const failure = await Promise.race([
      pool.verify().then((refusal) => refusal ?? 'accepted'),
      givenUp.promise,
    ])
    if (failure === 'accepted') login.note('accepted')
    else if (failure !== undefined && refusesLogin(failure)) login.note('refused')
  }
  return {
    name: 'smtp',
    send,
    login: () => login.said,
    ...(hasLogin && { tryLogin }),
    giveUp: () => {
      givenUp.resolve(undefined)
      pool.close(true)
    },
    close: () => {
      pool.close(false)
    },
  }
}

function againOf({ failure, outcome }: Offered): Again | undefined {
  return failure && againBecause(failure, outcome)
}
