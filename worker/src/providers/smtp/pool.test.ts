/** Which mail goes over which connection, and when connections are made and left: against servers that wait for it. */
import { afterEach, expect, test } from 'vitest'
import type { Outcome } from '../../sending/ports.ts'
import type { SmtpOptions } from './options.ts'
import type { Peer, PeerServer } from './testing/peer.ts'
import { smtp } from './smtp.ts'
import { servePeers } from './testing/peer.ts'
import { mail, sendAll, sendTogether } from './testing/scriptedServer.ts'

const closing: { close(): void }[] = []
afterEach(() => {
  for (const each of closing.splice(0)) each.close()
})

async function serve(talk: (peer: Peer, number: number) => Promise<void>, more: Partial<SmtpOptions> = {}) {
  const server = await servePeers(talk)
  const provider = smtp({
    host: '127.0.0.1',
    port: server.port,
    tls: 'Disabled',
    username: undefined,
    password: undefined,
    connections: 1,
    maxMessagesPerConnection: 100,
    ...more,
  })
  closing.push(provider, server)
  return { server, provider }
}

const PIPELINING = '250-here\r\n250 PIPELINING'
const ENVELOPE = ['MAIL', 'RCPT', 'DATA']
const GO_ON = ['250 sender', '250 recipient', '354 go on']

async function greet(peer: Peer, offers = PIPELINING): Promise<void> {
  peer.say('220 hi')
  await peer.hear()
  peer.say(offers)
}

/** @returns the recipient's number */
async function envelope(peer: Peer): Promise<number> {
  const lines = [await peer.hear(), await peer.hear(), await peer.hear()]
  expect(lines.map((line) => line.slice(0, 4))).toEqual(ENVELOPE)
  return Number(/<r(\d+)@/.exec(lines[1] ?? '')?.[1])
}

async function text(peer: Peer): Promise<void> {
  for (let line = await peer.hear(); line !== '.'; line = await peer.hear())
    if (line.startsWith('MAIL')) throw new Error('no text')
}

/** Takes all mails that come, with a reply to each command as it comes. @param refuse undefined = the usual one */
async function takeAll(
  peer: Peer,
  refuse: (command: string, number: number) => string | undefined = () => undefined,
): Promise<void> {
  let number = -1
  for (let line = await peer.hear(); ; line = await peer.hear()) {
    const command = line.slice(0, 4)
    if (command === 'RCPT') number = Number(/<r(\d+)@/.exec(line)?.[1])
    const refusal = refuse(command, number)
    if (refusal !== undefined) peer.say(refusal)
    else if (command === 'DATA') {
      peer.say('354 go on')
      await text(peer)
      peer.say(refuse('.', number) ?? '250 taken')
    } else if (command === 'QUIT') peer.say('221 bye')
    else if (line === '') return
    else peer.say('250 fine')
  }
}

const classes = (outcomes: readonly Outcome[]) => outcomes.map(({ retryClass }) => retryClass)

test('the envelope of the next mail goes with the end of the one before it: the server has both before it answers', async () => {
  const { provider } = await serve(async (peer) => {
    await greet(peer)
    await envelope(peer)
    for (let sent = 1; sent <= 4; sent += 1) {
      peer.say(...GO_ON)
      await text(peer)
      if (sent < 4) await envelope(peer)
      peer.say('250 taken')
    }
  })
  expect(classes(await sendTogether(provider, 4))).toEqual(Array(4).fill('accepted'))
})

test('a mail whose own connection is on its way is not put behind another one', async () => {
  const [firstHasText, secondIsDone] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()]
  const { provider } = await serve(
    async (peer, number) => {
      if (number === 2) await firstHasText.promise
      await greet(peer)
      await envelope(peer)
      peer.say(...GO_ON)
      await text(peer)
      firstHasText.resolve(null)
      if (number === 1) await secondIsDone.promise
      peer.say('250 taken')
      secondIsDone.resolve(null)
    },
    { connections: 2 },
  )
  expect(classes(await sendTogether(provider, 2))).toEqual(['accepted', 'accepted'])
})

test.each([
  ['without a word', undefined, 'ambiguous'],
  ['with 421', '421 4.3.2 restarting', 'unreachable'],
])(
  'a server that ends %s has had no text of the mail that came along: it goes over another connection',
  async (_, words, first) => {
    const { provider, server } = await serve(async (peer, number) => {
      await greet(peer)
      if (number > 1) return takeAll(peer)
      await envelope(peer)
      peer.say(...GO_ON)
      await text(peer)
      await envelope(peer)
      if (words !== undefined) peer.say(words)
      peer.end()
    })
    const outcomes = await sendTogether(provider, 3)
    expect(classes(outcomes)).toEqual([first, 'accepted', 'accepted'])
    expect(outcomes[0]).toMatchObject({ stage: 'end_of_data' })
    expect(server.peers).toHaveLength(2)
  },
)

test('a server that ends each connection after one mail gets every mail once', async () => {
  const taken: number[] = []
  const { provider } = await serve(async (peer) => {
    await greet(peer)
    const number = await envelope(peer)
    peer.say(...GO_ON)
    await text(peer)
    taken.push(number)
    peer.say('250 taken')
    peer.end()
  })
  expect(classes(await sendTogether(provider, 5))).toEqual(Array(5).fill('accepted'))
  expect(taken.sort()).toEqual([0, 1, 2, 3, 4])
})

test('a server that ends each connection after one mail, and has no PIPELINING, gets every mail once', async () => {
  const taken: number[] = []
  const { provider } = await serve(
    async (peer) => {
      await greet(peer, '250 here')
      await takeAll(peer, (command, number) => {
        if (command !== '.') return undefined
        taken.push(number)
        peer.say('250 taken')
        peer.end()
        return undefined
      })
    },
    { connections: 2 },
  )
  expect(classes(await sendTogether(provider, 6))).toEqual(Array(6).fill('accepted'))
  expect(taken.sort()).toEqual([0, 1, 2, 3, 4, 5])
})

const REFUSED = ['MAIL', 'RCPT', 'DATA', '.'].flatMap((at) =>
  [PIPELINING, '250 here'].map((offers) => [at, offers] as const),
)

test.each(REFUSED)(
  'a mail refused at %s (%j) costs those around it nothing, and no connection',
  async (at, offers) => {
    const { provider, server } = await serve(async (peer) => {
      await greet(peer, offers)
      let isRefused = false
      let begun = 0
      await takeAll(peer, (command) => {
        if (command === 'RSET') isRefused = false
        if (command === 'MAIL') begun += 1
        if (command === at && begun === 2) {
          isRefused = at !== '.'
          return '450 4.2.0 not now'
        }
        return isRefused && ENVELOPE.includes(command) ? '503 bad sequence' : undefined
      })
    })
    const outcomes = await sendTogether(provider, 4)
    expect(classes(outcomes).filter((each) => each === 'accepted')).toHaveLength(3)
    expect(outcomes[1]).toMatchObject({
      retryClass: 'transient',
      replyCode: 450,
      stage: at === '.' ? 'end_of_data' : at.toLowerCase(),
    })
    expect(server.peers).toHaveLength(1)
  },
)

test('behind a mail that was refused others go along again', async () => {
  const { provider } = await serve(async (peer) => {
    await greet(peer)
    await envelope(peer)
    peer.say('250 sender', '550 5.1.1 who', '503 no recipient')
    expect(await peer.hear()).toBe('RSET')
    await envelope(peer)
    peer.say('250 reset', ...GO_ON)
    await text(peer)
    await envelope(peer)
    peer.say('250 taken', ...GO_ON)
    await text(peer)
    peer.say('250 taken')
  })
  expect(classes(await sendTogether(provider, 3))).toEqual(['recipient', 'accepted', 'accepted'])
})

test('a mail that came along with one that broke off goes behind no other one', async () => {
  const [isBegun, isBack, hasText, isApart] = Array.from({ length: 4 }, () => Promise.withResolvers<null>())
  const begin = async (peer: Peer) => {
    await greet(peer)
    return envelope(peer)
  }
  const go = async (peer: Peer) => {
    peer.say(...GO_ON)
    await text(peer)
  }
  const breaksOff = async (peer: Peer) => {
    await begin(peer)
    await isBegun?.promise
    await go(peer)
    expect(await envelope(peer)).toBe(2)
    peer.end()
  }
  const goesOn = async (peer: Peer) => {
    await begin(peer)
    isBegun?.resolve(null)
    await isBack?.promise
    await go(peer)
    hasText?.resolve(null)
    await isApart?.promise
    peer.say('250 taken')
    await takeAll(peer)
  }
  /** It is being made while the second one has its go. */
  const isNew = async (peer: Peer) => {
    isBack?.resolve(null)
    await hasText?.promise
    expect(await begin(peer)).toBe(2)
    isApart?.resolve(null)
    await go(peer)
    peer.say('250 taken')
    await takeAll(peer)
  }
  const { provider } = await serve((peer, number) => [breaksOff, goesOn][number - 1]?.(peer) ?? isNew(peer), {
    connections: 2,
  })
  const outcomes = await sendTogether(provider, 5)
  expect(classes(outcomes).sort()).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'ambiguous'])
})

test('words that come with the go-ahead, and are no answer, keep the text of the mail from being sent', async () => {
  const { provider } = await serve(async (peer) => {
    await greet(peer)
    await envelope(peer)
    peer.write('250 sender\r\n250 recipient\r\n354 go on\r\n25')
    expect(await peer.hear()).toBe('')
  })
  expect(await provider.send(mail(0))).toMatchObject({
    retryClass: 'unreachable',
    code: 'smtp_eprotocol',
    stage: 'data',
  })
})

test('a mail that is asked about again goes before those that wait', async () => {
  const order: number[] = []
  const { provider } = await serve(async (peer, number) => {
    await greet(peer)
    await takeAll(peer, (command, recipient) => {
      if (number === 1 && command === 'RCPT') return '550 5.7.1 sender address rejected'
      // The first one ends with a lone dot.
      if (command === '.' && number > 1) order.push(recipient)
      return undefined
    })
  })
  await sendTogether(provider, 4)
  expect(order[0]).toBe(0)
})

test('a mail that is larger than the server takes is not sent, and the next one is', async () => {
  const { provider, server } = await serve(async (peer) => {
    await greet(peer, '250-here\r\n250-PIPELINING\r\n250 SIZE 100')
    await takeAll(peer)
  })
  const large = provider.send(mail(0, { mime: () => `${'x'.repeat(99)}\r\n` }))
  const small = provider.send(mail(1))
  expect(await large).toMatchObject({ retryClass: 'transient', code: 'smtp_emessage', stage: 'mail' })
  expect(await small).toMatchObject({ retryClass: 'accepted' })
  expect(server.peers[0]?.heard).toContain(`MAIL FROM:<sender@example.org> SIZE=${mail(1).mime().length}`)
})

const heardOf = async (server: PeerServer, line: string) => {
  await expect.poll(() => server.peers[0]?.heard).toContain(line)
}

test('a connection without a mail is taken leave of after a while, and the next mail has a new one', async () => {
  const timeouts = { connectMs: 5_000, greetingMs: 5_000, replyMs: 5_000, idleMs: 50 }
  const { provider, server } = await serve(
    async (peer) => {
      await greet(peer)
      await takeAll(peer)
    },
    { timeouts },
  )
  expect(classes(await sendAll(provider, 1))).toEqual(['accepted'])
  await heardOf(server, 'QUIT')
  expect(classes(await sendAll(provider, 1))).toEqual(['accepted'])
  expect(server.peers).toHaveLength(2)
})

test('a server that stops to answer is left after the time for a reply, however long a connection may rest', async () => {
  const timeouts = { connectMs: 5_000, greetingMs: 5_000, replyMs: 200, idleMs: 3_600_000 }
  const { provider } = await serve(
    async (peer) => {
      await greet(peer)
      await envelope(peer)
      peer.say(...GO_ON)
      await text(peer)
      peer.say('250 taken')
      await envelope(peer)
    },
    { timeouts },
  )
  const [first, second] = await sendAll(provider, 2)
  expect(first?.retryClass).toBe('accepted')
  expect(second).toMatchObject({ retryClass: 'unreachable', code: 'smtp_etimedout', stage: 'mail' })
})

test.each([
  ['says 421', '421 4.4.2 idle for too long'],
  ['says nothing', undefined],
  ['says what nobody asked for', '250 well'],
])('a connection that the server ends while there is no mail costs none: it %s', async (_, words) => {
  const first = Promise.withResolvers<Peer>()
  const { provider, server } = await serve(async (peer, number) => {
    await greet(peer)
    if (number > 1) return takeAll(peer)
    await envelope(peer)
    peer.say(...GO_ON)
    await text(peer)
    peer.say('250 taken')
    first.resolve(peer)
  })
  expect(classes(await sendAll(provider, 1))).toEqual(['accepted'])
  const peer = await first.promise
  if (words === undefined) peer.end()
  else peer.say(words)
  // The client ends its side when it has seen that.
  expect(await peer.hear()).toBe('')
  expect(classes(await sendAll(provider, 1))).toEqual(['accepted'])
  expect(server.peers).toHaveLength(2)
})

test('a connection that carried its most is taken leave of', async () => {
  const { provider, server } = await serve(
    async (peer) => {
      await greet(peer)
      await takeAll(peer)
    },
    { maxMessagesPerConnection: 2 },
  )
  expect(classes(await sendTogether(provider, 5))).toEqual(Array(5).fill('accepted'))
  await expect
    .poll(() => server.peers.map(({ heard }) => heard.filter((line) => line === '.').length))
    .toEqual([2, 2, 1])
  await heardOf(server, 'QUIT')
})

test('who closes lets mails under way end, takes leave, and sends none of those that wait', async () => {
  const [hasText, isClosed] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()]
  const { provider, server } = await serve(async (peer) => {
    await greet(peer, '250 here')
    for (const reply of ['250 sender', '250 recipient', '354 go on']) {
      await peer.hear()
      peer.say(reply)
    }
    await text(peer)
    hasText.resolve(null)
    await isClosed.promise
    peer.say('250 taken')
    await peer.hear()
  })
  const outcomes = sendTogether(provider, 2)
  await hasText.promise
  provider.close()
  isClosed.resolve(null)
  expect(classes(await outcomes)).toEqual(['accepted', 'unreachable'])
  await heardOf(server, 'QUIT')
  expect(await provider.send(mail(3))).toMatchObject({ retryClass: 'unreachable' })
})

test('who closes takes leave of connections without a mail, and ends those that are being made', async () => {
  const { provider, server } = await serve(
    async (peer, number) => {
      if (number === 2) return
      await greet(peer)
      await takeAll(peer)
    },
    { connections: 2 },
  )
  // The second one has a connection of its own on its way, and goes over the first.
  expect(classes(await sendTogether(provider, 2))).toEqual(['accepted', 'accepted'])
  await expect.poll(() => server.peers.length).toBe(2)
  provider.close()
  await heardOf(server, 'QUIT')
  await expect.poll(() => server.peers[1]?.hasEnded).toBe(true)
})

test('who has no more time ends mails at once: only one that was given its text is in doubt', async () => {
  const hasBoth = Promise.withResolvers<null>()
  const { provider } = await serve(async (peer) => {
    await greet(peer)
    await envelope(peer)
    peer.say(...GO_ON)
    await text(peer)
    await envelope(peer)
    hasBoth.resolve(null)
  })
  const outcomes = sendTogether(provider, 3)
  await hasBoth.promise
  provider.giveUp?.()
  expect(classes(await outcomes)).toEqual(['ambiguous', 'unreachable', 'unreachable'])
})

const LOGIN = { username: 'u', password: 'p' }
const OFFERS_LOGIN = '250-here\r\n250 AUTH PLAIN'

test('credentials are shown over a connection of their own, which is taken leave of', async () => {
  let reply = '535 5.7.8 no'
  const { provider, server } = await serve(async (peer) => {
    await greet(peer, OFFERS_LOGIN)
    await peer.hear()
    peer.say(reply)
    await peer.hear()
  }, LOGIN)
  await provider.tryLogin?.()
  expect(provider.login().credentials).toBe('refused')
  reply = '235 ok'
  await provider.tryLogin?.()
  expect(provider.login().credentials).toBe('accepted')
  await expect.poll(() => server.peers[1]?.heard.at(-1)).toBe('QUIT')
})

test('credentials that cannot be looked up now are not refused', async () => {
  const { provider } = await serve(async (peer) => {
    await greet(peer, OFFERS_LOGIN)
    await peer.hear()
    peer.say('454 4.7.0 later')
    await peer.hear()
  }, LOGIN)
  await provider.tryLogin?.()
  expect(provider.login().credentials).toBe('unknown')
})

test('who has no more time does not wait for a login either', async () => {
  const asked = Promise.withResolvers<null>()
  const { provider, server } = await serve(async (peer) => {
    await greet(peer, OFFERS_LOGIN)
    await peer.hear()
    asked.resolve(null)
  }, LOGIN)
  const tried = provider.tryLogin?.()
  await asked.promise
  provider.giveUp?.()
  await tried
  await expect.poll(() => server.peers[0]?.hasEnded).toBe(true)
  expect(provider.login().credentials).toBe('unknown')
})
