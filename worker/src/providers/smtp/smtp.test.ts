import { afterEach, expect, test } from 'vitest'
import type { Scripted, Script, Session } from './testing/scriptedServer.ts'
import { HANG_UP, mail, NOTHING, scripted as openScripted, sendAll } from './testing/scriptedServer.ts'

const closing: Scripted[] = []
afterEach(() => {
  for (const each of closing.splice(0)) each.close()
})

async function scripted(...given: Parameters<typeof openScripted>): Promise<Scripted> {
  const server = await openScripted(...given)
  closing.push(server)
  return server
}

const TOO_FAST = '421 4.7.0 Too many messages, try again in 300 s'

const THROTTLED = {
  retryClass: 'throttle',
  code: 'smtp_421',
  replyCode: 421,
  enhancedCode: '4.7.0',
  detail: TOO_FAST,
  retryAfterMs: 300_000,
}
const stages = (...at: string[]) =>
  at.flatMap((each) => [[], ['PIPELINING']].map((more) => [each, more] as const))

test.each(stages('', 'MAIL', 'RCPT', 'DATA', '.'))(
  'a new connection that is ended with 421 at %j (%j) keeps the words of the server',
  async (at, extensions) => {
    const { provider } = await scripted((command) => (command === at ? TOO_FAST : undefined), extensions)
    expect(await sendAll(provider, 1)).toMatchObject([THROTTLED])
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
  const { provider, seen } = await scripted((command, { mails }) =>
    command === 'MAIL' && mails === 1 ? HANG_UP : undefined,
  )
  expect(await sendAll(provider, 2)).toMatchObject([{ retryClass: 'accepted' }, { retryClass: 'accepted' }])
  expect(seen.connections).toBe(2)
})

test('a mail that each connection is lost over is told so by the first one that carried none', async () => {
  const { provider, seen } = await scripted((command, _, line) =>
    command === 'RCPT' && line.includes('<r1@') ? HANG_UP : undefined,
  )
  expect(await sendAll(provider, 3)).toMatchObject([
    { retryClass: 'accepted' },
    { retryClass: 'unreachable', code: 'smtp_econnection', stage: 'rcpt' },
    { retryClass: 'accepted' },
  ])
  expect(seen.connections).toBe(3)
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
  const { provider } = await scripted(script, [], { maxMessagesPerConnection: 2 })
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
  const timeouts = { connectMs: 5_000, greetingMs: 100, replyMs: 5_000 }
  const { provider } = await scripted((command) => (command === '' ? NOTHING : undefined), [], { timeouts })
  expect(await provider.send(mail(1))).toMatchObject({
    retryClass: 'unreachable',
    detail: 'Greeting never received',
  })
})
