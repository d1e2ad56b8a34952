/** The way to a connection that mails can be sent over: dialled, greeted, encrypted and logged in. */
import type { ConnectionOptions } from 'node:tls'
import type { Stage } from '../../domain/reply.ts'
import type { Extensions } from './extensions.ts'
import type { Interview } from './interview.ts'
import type { SmtpOptions } from './options.ts'
import type { Reply } from './replies.ts'
import { challengeOf, CHALLENGES_AT_MOST, loginWith } from './auth.ts'
import { extensionsOf, NO_EXTENSIONS } from './extensions.ts'
import { failedBy, NotConnected, refusedBy } from './failure.ts'
import { PROTOCOL_TIMEOUTS } from './options.ts'
import { isTlsFromTheStart } from './tls.ts'

interface Way {
  readonly interview: Interview
  readonly options: SmtpOptions
  readonly tls: ConnectionOptions
  /** Of ours, for EHLO. */
  readonly name: string
}

/** @throws NotConnected */
export async function establish(way: Way): Promise<Extensions> {
  const { interview, options, tls } = way
  const { connectMs, greetingMs, replyMs } = options.timeouts ?? PROTOCOL_TIMEOUTS
  await interview.connected(connectMs)
  if (isTlsFromTheStart(options)) await interview.encrypted(tls, greetingMs)
  const greeting = await interview.greeting(greetingMs)
  if (greeting.code !== 220) throw refused('greeting', greeting)
  interview.channel.silentAfter(replyMs)
  const extensions = await protectedHello(way)
  const stage = await logIn(way, extensions)
  interview.conclude(stage)
  return extensions
}

/** Once more after STARTTLS: what was offered before it may have been put there by somebody else (RFC 3207 §4.2). */
async function protectedHello(way: Way): Promise<Extensions> {
  const { interview, options, tls } = way
  const offered = await hello(way)
  const isPlain = !isTlsFromTheStart(options) && options.tls !== 'Disabled'
  if (!isPlain || (options.tls === 'Opportunistic' && !offered.startTls)) return offered
  const reply = await interview.ask('starttls', 'STARTTLS')
  if (isYes(reply)) {
    const { greetingMs, replyMs } = options.timeouts ?? PROTOCOL_TIMEOUTS
    await interview.encrypted(tls, greetingMs)
    interview.channel.silentAfter(replyMs)
    return hello(way)
  }
  if (options.tls === 'Required' || reply.code === 421) throw refused('starttls', reply)
  // In plain text, and so without a login.
  return { ...offered, auth: undefined }
}

async function hello({ interview, options, name }: Way): Promise<Extensions> {
  const reply = await interview.ask('ehlo', `EHLO ${name}`)
  if (isYes(reply)) return extensionsOf(reply.text)
  const needsStartTls = options.tls === 'Required' && !isTlsFromTheStart(options)
  if (needsStartTls || reply.code === 421) throw refused('ehlo', reply)
  const older = await interview.ask('ehlo', `HELO ${name}`)
  if (!isYes(older)) throw refused('ehlo', older)
  // It cannot tell whether it wants a login.
  return { ...NO_EXTENSIONS, auth: [] }
}

/** Of a server that offers no login none is asked for. @returns what was said last */
async function logIn({ interview, options }: Way, { auth }: Extensions): Promise<Stage> {
  const { username, password } = options
  if (username === undefined || auth === undefined) return 'ehlo'
  if (username === '' || password === undefined || password === '') throw noCredentials()
  const login = loginWith(auth, { username, password })
  let reply = await interview.ask('auth', login.command)
  for (let step = 0; reply.code === 334 && step < CHALLENGES_AT_MOST; step += 1)
    reply = await interview.ask('auth', login.answer(challengeOf(reply.text), step))
  if (!isYes(reply)) throw refused('auth', reply)
  return 'auth'
}

const isYes = ({ code }: Reply): boolean => code >= 200 && code < 300

const refused = (stage: Stage, reply: Reply) => new NotConnected(refusedBy(reply, { stage }))

const noCredentials = () =>
  new NotConnected(
    failedBy({ code: 'EAUTH', words: 'A username and a password are needed' }, { stage: 'auth' }),
  )
