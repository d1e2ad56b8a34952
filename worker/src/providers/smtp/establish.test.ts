/** The way to a connection: what is asked for, what is taken from whom, and where it ends. */
import { createHmac } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { createSecureContext } from 'node:tls'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { SmtpFailure } from './failure.ts'
import type { Extensions } from './extensions.ts'
import type { SmtpOptions } from './options.ts'
import type { Peer, PeerServer } from './testing/peer.ts'
import { loopbackCertificate } from '../../../../hack/servers/loopbackCertificate.ts'
import { failureOf } from './connection.ts'
import { establish } from './establish.ts'
import { Interview } from './interview.ts'
import { servePeers } from './testing/peer.ts'
import { tlsOptions } from './tls.ts'

let ca: string
let secureContext: SecureContext
beforeAll(async () => {
  const made = await loopbackCertificate()
  ca = made.ca
  secureContext = createSecureContext({ cert: made.cert, key: made.key })
})

const closing: { close(): void }[] = []
afterEach(() => {
  for (const each of closing.splice(0)) each.close()
})

interface Met {
  readonly server: PeerServer
  readonly extensions: Extensions | undefined
  readonly failure: SmtpFailure | undefined
  readonly heard: readonly string[]
}

/** What becomes of a connection to a server that talks so. */
async function meet(talk: (peer: Peer) => Promise<void>, more: Partial<SmtpOptions> = {}): Promise<Met> {
  const server = await servePeers(talk)
  const options: SmtpOptions = {
    host: 'localhost',
    port: 25,
    tls: 'Disabled',
    username: undefined,
    password: undefined,
    connections: 1,
    maxMessagesPerConnection: 1,
    ...more,
  }
  const interview = new Interview('127.0.0.1', server.port)
  closing.push(server, {
    close: () => {
      interview.channel.end({ code: 'ECONNECTION', words: 'over' })
    },
  })
  const way = { interview, options, tls: tlsOptions(options), name: 'me.example' }
  const met = await establish(way).then(
    (extensions) => ({ extensions, failure: undefined }),
    (error: unknown) => ({ extensions: undefined, failure: failureOf(error) }),
  )
  return { ...met, server, heard: server.peers[0]?.heard ?? [] }
}

/** Answers line after line. */
const answering =
  (greeting: string, ...replies: readonly string[]) =>
  async (peer: Peer) => {
    peer.say(greeting)
    for (const reply of replies) {
      await peer.hear()
      if (reply === '') peer.end()
      else if (reply.endsWith('25')) peer.write(reply)
      else peer.say(reply)
    }
  }

/** Up to STARTTLS in plain text, then so in TLS. */
const encrypting =
  (offered: string, answer: string, ...replies: readonly string[]) =>
  async (peer: Peer) => {
    peer.say('220 hi')
    await peer.hear()
    peer.say(offered)
    await peer.hear()
    peer.write(answer)
    await peer.upgrade(secureContext)
    for (const reply of replies) {
      await peer.hear()
      peer.say(reply)
    }
  }

test('greetings and offers of several lines are read, each offer by its word', async () => {
  const offers = '250-here SIZE 7\r\n250-size 1000\r\n250-XPIPELINING\r\n250-Auth plain LOGIN\r\n250 8BITMIME'
  const { extensions, heard } = await meet(answering('220-one\r\n220-two\r\n220 three', offers))
  expect(extensions).toEqual({
    pipelining: false,
    startTls: false,
    smtpUtf8: false,
    size: 1_000,
    auth: ['PLAIN', 'LOGIN'],
  })
  expect(heard).toEqual(['EHLO me.example'])
})

test('a server that knows no EHLO is greeted with HELO, but not where TLS is required', async () => {
  const old = answering('220 hi', '502 what', '250 hi')
  expect(await meet(old)).toMatchObject({
    heard: ['EHLO me.example', 'HELO me.example'],
    extensions: { pipelining: false },
  })
  expect((await meet(old, { tls: 'Required' })).failure).toMatchObject({ stage: 'ehlo', replyCode: 502 })
})

test.each<[string, string, readonly string[], Partial<SmtpFailure>]>([
  ['a greeting that refuses', '554 go away', [], { stage: 'greeting', replyCode: 554 }],
  ['no greeting', 'hi there', [], { stage: 'greeting', fault: 'EPROTOCOL' }],
  ['a leave at EHLO', '220 hi', ['421 bye'], { stage: 'ehlo', replyCode: 421 }],
  [
    'a leave after the greeting',
    '220 hi\r\n421 busy',
    [],
    { stage: 'ehlo', replyCode: 421, words: '421 busy' },
  ],
  ['a reply that nobody asked for', '220 hi\r\n250 what', [], { stage: 'ehlo', fault: 'EPROTOCOL' }],
  [
    'a leave after the login',
    '220 hi',
    ['250-x\r\n250 AUTH PLAIN', '235 ok\r\n421 busy'],
    { stage: 'auth', replyCode: 421 },
  ],
  ['more than was asked', '220 hi', ['250 x\r\n250 y'], { stage: 'ehlo', fault: 'EPROTOCOL' }],
  ['half of more than was asked', '220 hi', ['250 x\r\n25'], { stage: 'ehlo', fault: 'EPROTOCOL' }],
  ['HELO refused', '220 hi', ['500 what', '550 no'], { stage: 'ehlo', replyCode: 550 }],
  ['an end before EHLO is answered', '220 hi', [''], { stage: 'ehlo', fault: 'ECONNECTION' }],
  [
    'a login that is refused',
    '220 hi',
    ['250-x\r\n250 AUTH PLAIN', '535 no'],
    { stage: 'auth', replyCode: 535 },
  ],
  [
    'a login that is not answered',
    '220 hi',
    ['250-x\r\n250 AUTH PLAIN', ''],
    { stage: 'auth', fault: 'ECONNECTION' },
  ],
])('%s is told by its stage', async (_, greeting, replies, expected) => {
  const { failure } = await meet(answering(greeting, ...replies), { username: 'u', password: 'p' })
  expect(failure).toMatchObject({ ...expected, bodyBegun: false, carried: 0 })
})

test('a refusal that breaks off before the end of its line counts', async () => {
  const talk = (peer: Peer) => {
    peer.write('554 5.7.1 go away')
    peer.end()
    return Promise.resolve()
  }
  expect((await meet(talk)).failure).toMatchObject({
    stage: 'greeting',
    replyCode: 554,
    words: '554 5.7.1 go away',
  })
})

test('a server that is not there, or does not answer in time, is told so', async () => {
  const timeouts = { connectMs: 5_000, greetingMs: 100, replyMs: 100 }
  const mute = await meet(answering('220 hi'), { timeouts })
  expect(mute.failure).toMatchObject({ stage: 'ehlo', fault: 'ETIMEDOUT' })
  const trickling = await meet(
    async (peer) => {
      for (let count = 0; count < 50; count += 1) {
        peer.write('2')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    { timeouts },
  )
  expect(trickling.failure).toMatchObject({
    stage: 'greeting',
    fault: 'ETIMEDOUT',
    words: 'Greeting never received',
  })
  const unwilling = answering('220 hi', '250 STARTTLS', '220 go')
  expect((await meet(unwilling, { timeouts, tls: 'Required', ca })).failure).toMatchObject({
    stage: 'starttls',
    fault: 'ETIMEDOUT',
    words: 'TLS handshake timed out',
  })
  const silent = await meet(encrypting('250-x\r\n250 STARTTLS', '220 go\r\n'), {
    timeouts,
    tls: 'Required',
    ca,
  })
  expect(silent.failure).toMatchObject({ stage: 'ehlo', fault: 'ETIMEDOUT' })
})

const LOGIN = { username: 'user', password: 'secret' }

test('STARTTLS: what was offered in plain text is forgotten, and so is what came along with it', async () => {
  const injected = '220 go\r\n250-evil\r\n250-PIPELINING\r\n250 AUTH LOGIN\r\n'
  const { extensions, heard, failure } = await meet(
    encrypting('250-x\r\n250-PIPELINING\r\n250-AUTH LOGIN\r\n250 STARTTLS', injected, '250-x\r\n250 SIZE 5'),
    { tls: 'Required', ca, ...LOGIN },
  )
  expect(failure).toBeUndefined()
  expect(extensions).toMatchObject({ pipelining: false, size: 5, auth: undefined })
  expect(heard).toEqual(['EHLO me.example', 'STARTTLS', 'EHLO me.example'])
})

test('STARTTLS: half a line that came along with it is no part of the first reply', async () => {
  const talk = encrypting('250-x\r\n250 STARTTLS', '220 go\r\n250-PIPELINING', '250-x\r\n250 SIZE 5')
  const { extensions } = await meet(talk, { tls: 'Required', ca })
  expect(extensions).toMatchObject({ pipelining: false, size: 5 })
})

test.each<[SmtpOptions['tls'], string, string, Partial<SmtpFailure> | 'plain']>([
  ['Required', '250 x', '502 what', { stage: 'starttls', replyCode: 502 }],
  ['Required', '250 STARTTLS', '454 4.7.0 later', { stage: 'starttls', replyCode: 454 }],
  ['Opportunistic', '250-x\r\n250 STARTTLS', '454 4.7.0 later', 'plain'],
  ['Opportunistic', '250-x\r\n250 STARTTLS', '421 bye', { stage: 'starttls', replyCode: 421 }],
])('TLS %s, %j, STARTTLS answered with %s', async (tls, offered, answer, expected) => {
  const talk = answering('220 hi', `250-x\r\n250-AUTH PLAIN\r\n${offered}`, answer)
  const { failure, extensions, heard } = await meet(talk, { tls, ...LOGIN })
  if (expected === 'plain') expect([failure, extensions?.auth]).toEqual([undefined, undefined])
  else expect(failure).toMatchObject(expected)
  // Nobody's credentials go in plain text because something was in the way of TLS.
  expect(heard).toEqual(['EHLO me.example', 'STARTTLS'])
})

test('TLS that is not required takes any certificate, and none where none is offered', async () => {
  const offering = encrypting('250-x\r\n250 STARTTLS', '220 go\r\n', '250 x')
  expect((await meet(offering, { tls: 'Opportunistic' })).heard).toHaveLength(3)
  const without = await meet(answering('220 hi', '250 x'), { tls: 'Opportunistic' })
  expect([without.failure, without.heard]).toEqual([undefined, ['EHLO me.example']])
  const disabled = await meet(answering('220 hi', '250-x\r\n250 STARTTLS'), { tls: 'Disabled' })
  expect([disabled.failure, disabled.heard]).toEqual([undefined, ['EHLO me.example']])
})

test.each([
  ['whose authority is not known', { host: 'localhost' }],
  ['of another host', { host: 'mail.example.com' }],
])('TLS that is required refuses a certificate %s', async (which, more) => {
  const authority = which.startsWith('of') ? { ca } : {}
  const talk = encrypting('250-x\r\n250 STARTTLS', '220 go\r\n', '250 x')
  const { failure } = await meet(talk, { tls: 'Required', ...more, ...authority })
  expect(failure).toMatchObject({ stage: 'starttls', fault: 'ETLS' })
  expect(failure?.words).toMatch(/certificate/i)
})

test('on port 465 TLS is spoken from the first byte', async () => {
  const talk = async (peer: Peer) => {
    await peer.upgrade(secureContext)
    await answering('220 hi', '250 x')(peer)
  }
  const { failure, heard } = await meet(talk, { tls: 'Required', ca, port: 465 })
  expect([failure, heard]).toEqual([undefined, ['EHLO me.example']])
})

test('a connection that ends in the handshake is told as one of TLS', async () => {
  const talk = async (peer: Peer) => {
    await answering('220 hi', '250-x\r\n250 STARTTLS', '220 go')(peer)
    peer.end()
  }
  expect((await meet(talk, { tls: 'Required', ca })).failure).toMatchObject({
    stage: 'starttls',
    fault: 'ETLS',
  })
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each<[string, string, readonly string[], readonly string[]]>([
  ['PLAIN first', 'XOAUTH2 CRAM-MD5 LOGIN PLAIN', ['235 ok'], [`AUTH PLAIN ${base64('\0user\0secret')}`]],
  [
    'LOGIN',
    'XOAUTH2 LOGIN',
    [`334 ${base64('Username:')}`, `334 ${base64('Password:')}`, '235 ok'],
    ['AUTH LOGIN', base64('user'), base64('secret')],
  ],
  [
    'CRAM-MD5',
    'NTLM CRAM-MD5',
    [`334 ${base64('<1@x>')}`, '235 ok'],
    ['AUTH CRAM-MD5', base64(`user ${createHmac('md5', 'secret').update('<1@x>').digest('hex')}`)],
  ],
  [
    'a token, where nothing else is taken',
    'XOAUTH2 OAUTHBEARER',
    ['235 ok'],
    [`AUTH XOAUTH2 ${base64('user=user\u0001auth=Bearer secret\u0001\u0001')}`],
  ],
  ['PLAIN, where none is known', 'GSSAPI', ['235 ok'], [`AUTH PLAIN ${base64('\0user\0secret')}`]],
])('a login is shown as the server takes it: %s', async (_, offered, replies, expected) => {
  const talk = answering('220 hi', `250-x\r\n250 AUTH ${offered}`, ...replies)
  const { failure, heard } = await meet(talk, LOGIN)
  expect([failure, heard.slice(1)]).toEqual([undefined, expected])
})

test('a token that is refused by a challenge is answered, and the refusal read', async () => {
  const reason = `334 ${base64('{"status":"400"}')}`
  const { failure, heard } = await meet(
    answering('220 hi', '250-x\r\n250 AUTH XOAUTH2', reason, '535 5.7.8 no'),
    LOGIN,
  )
  expect(failure).toMatchObject({ stage: 'auth', replyCode: 535 })
  expect(heard.at(-1)).toBe('')
})

test('a server that challenges on and on is left', async () => {
  const again = Array<string>(9).fill('334 ')
  const { failure } = await meet(answering('220 hi', '250-x\r\n250 AUTH LOGIN', ...again), LOGIN)
  expect(failure).toMatchObject({ stage: 'auth', replyCode: 334 })
})

test('no login is shown to a server that asks for none, and half a login to nobody', async () => {
  expect((await meet(answering('220 hi', '250 x'), LOGIN)).heard).toHaveLength(1)
  const half = await meet(answering('220 hi', '250-x\r\n250 AUTH PLAIN'), {
    username: 'user',
    password: undefined,
  })
  expect(half.failure).toMatchObject({ stage: 'auth', fault: 'EAUTH' })
})
