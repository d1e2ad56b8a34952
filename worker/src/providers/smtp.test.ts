import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { Outcome, OutgoingMail, Provider } from '../sending/ports.ts'
import { smtp } from './smtp.ts'

const mail = (seq: number): OutgoingMail => ({
  from: 'sender@example.org',
  to: `r${seq}@example.org`,
  subject: 'Subject',
  text: 'Text',
  html: undefined,
  messageId: `<batch.${seq}@example.org>`,
  headers: {},
})

/** What one connection has seen: its number among all, and how many mails it has carried. */
interface Session {
  readonly number: number
  mails: number
}

const NOTHING = 'nothing is said'
const HANG_UP = 'hang up'

/** @returns the reply to a command, `''` being the greeting; undefined = the usual one. After a 421 the server hangs up. */
type Script = (command: string, session: Session) => string | undefined

const USUAL: Readonly<Record<string, string>> = {
  MAIL: '250 fine',
  RCPT: '250 fine',
  DATA: '354 go on',
  RSET: '250 fine',
  QUIT: '221 bye',
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that answers as it is told, with `extensions` in its greeting. */
async function scripted(script: Script, extensions: readonly string[] = [], maxMessagesPerConnection = 100) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    connections += 1
    const session: Session = { number: connections, mails: 0 }
    const say = (reply: string) => {
      if (reply === NOTHING) return
      if (reply !== HANG_UP) socket.write(`${reply}\r\n`)
      if (reply === HANG_UP || reply.startsWith('421')) socket.end()
    }
    let text = ''
    let isBody = false
    const take = (line: string) => {
      if (isBody) {
        if (line !== '.') return
        isBody = false
        session.mails += 1
        say(script('.', session) ?? '250 taken')
        return
      }
      const [command = ''] = line.split(' ')
      const hello = ['here', ...extensions].map(
        (each, index, all) => `250${index < all.length - 1 ? '-' : ' '}${each}`,
      )
      const reply = script(command, session) ?? (command === 'EHLO' ? hello.join('\r\n') : USUAL[command])
      isBody = reply?.startsWith('354') === true
      if (socket.writable) say(reply ?? '500 what')
    }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const lines = (text + chunk.toString('latin1')).split('\r\n')
      text = lines.pop() ?? ''
      lines.forEach(take)
    })
    say(script('', session) ?? '220 here ESMTP')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const provider = smtp({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    tls: 'Disabled',
    username: undefined,
    password: undefined,
    connections: 1,
    maxMessagesPerConnection,
  })
  closing.push(() => {
    provider.close()
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { provider, connected: once(server, 'connection') }
}

async function sendAll(provider: Provider, count: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let seq = 0; seq < count; seq += 1) outcomes.push(await provider.send(mail(seq)))
  return outcomes
}

const TOO_FAST = '421 4.7.0 Too many messages, try again in 300 s'

const THROTTLED = { retryClass: 'throttle', code: 'smtp_421', detail: TOO_FAST, retryAfterMs: 300_000 }
const stages = (...at: string[]) =>
  at.flatMap((each) => [[], ['PIPELINING']].map((more) => [each, more] as const))

test.each(stages('', 'MAIL', 'RCPT', 'DATA', '.'))(
  'a new connection that is ended with 421 at %j (%j) keeps the words of the server',
  async (at, extensions) => {
    const { provider } = await scripted((command) => (command === at ? TOO_FAST : undefined), extensions)
    expect(await sendAll(provider, 1)).toEqual([THROTTLED])
  },
)

test.each(stages('MAIL', 'RCPT', 'DATA', '.'))(
  'a connection that carried a mail and is ended with 421 at %j (%j) keeps the words of the server',
  async (at, extensions) => {
    let begun = 0
    const { provider } = await scripted((command) => {
      if (command === 'MAIL') begun += 1
      return command === at && begun === 2 ? TOO_FAST : undefined
    }, extensions)
    expect(await sendAll(provider, 3)).toMatchObject([
      { retryClass: 'accepted' },
      THROTTLED,
      { retryClass: 'accepted' },
    ])
  },
)

test.each(stages('MAIL', 'RCPT', 'DATA'))(
  'a connection that carried a mail and is ended with 421 at %j (%j), not for being too fast, costs the next mail nothing',
  async (at, extensions) => {
    const { provider } = await scripted(
      (command, { number, mails }) =>
        command === at && number === 1 && mails === 1 ? '421 4.4.2 timeout exceeded' : undefined,
      extensions,
    )
    expect(await sendAll(provider, 2)).toMatchObject([{ retryClass: 'accepted' }, { retryClass: 'accepted' }])
  },
)

test('a connection that carried a mail and is lost without a word never had the next one', async () => {
  const { provider } = await scripted((command, { mails }) =>
    command === 'MAIL' && mails === 1 ? HANG_UP : undefined,
  )
  expect(await sendAll(provider, 2)).toMatchObject([
    { retryClass: 'accepted' },
    { retryClass: 'unreachable', code: 'smtp_econnection' },
  ])
})

const FULL = '452 4.5.3 Too many recipients: Too many messages sent'

/** Refuses MAIL where `isFull`, and then whatever was sent along with it. */
function refusing(isFull: (session: Session) => boolean) {
  const seen = { refusals: 0, connections: 0 }
  let isRefused = false
  const script: Script = (command, session) => {
    seen.connections = session.number
    if (command === 'MAIL') {
      isRefused = isFull(session)
      seen.refusals += isRefused ? 1 : 0
      return isRefused ? FULL : undefined
    }
    return isRefused && (command === 'RCPT' || command === 'DATA') ? '503 no mail' : undefined
  }
  return { seen, script }
}

test.each([[[]], [['PIPELINING']]])(
  'a connection that takes no more mails is left, the mail goes through a new one, and the limit is kept (%j)',
  async (extensions) => {
    const { seen, script } = refusing(({ mails }) => mails >= 2)
    const { provider } = await scripted(script, extensions)
    const outcomes = await sendAll(provider, 6)
    expect(outcomes.map(({ retryClass }) => retryClass)).toEqual(Array(6).fill('accepted'))
    expect(seen).toEqual({ refusals: 1, connections: 3 })
  },
)

test('no more mails go through a connection than is set', async () => {
  const { seen, script } = refusing(() => false)
  const { provider } = await scripted(script, [], 2)
  await sendAll(provider, 5)
  expect(seen).toEqual({ refusals: 0, connections: 3 })
})

test('a server that takes no mails through a new connection either is throttling', async () => {
  let isFull = false
  const { seen, script } = refusing(() => isFull)
  const { provider } = await scripted(script)
  await sendAll(provider, 3)
  isFull = true
  expect(await provider.send(mail(3))).toMatchObject({
    retryClass: 'throttle',
    code: 'smtp_452',
    detail: FULL,
  })
  expect(seen).toEqual({ refusals: 2, connections: 2 })
  isFull = false
  await sendAll(provider, 5)
  expect(seen.connections).toBe(2)
})

test('a server that never greets is left when the time for the greeting is over, before that for connecting', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  closing.push(() => vi.useRealTimers())
  const { provider, connected } = await scripted((command) => (command === '' ? NOTHING : undefined))
  const outcome = provider.send(mail(1))
  await connected
  // The client's end of a connection that was accepted is connected in the next turn at the latest.
  for (let turns = 0; turns < 3; turns += 1) await setImmediate()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await outcome).toMatchObject({ retryClass: 'unreachable', detail: 'Greeting never received' })
})
