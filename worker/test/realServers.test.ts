/** Mail servers that people run, from Debian's packages: what they offer is used, and what they do not offer is not. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Exim } from '../../hack/servers/mail/exim.ts'
import type { Certificate, MailServer } from '../../hack/servers/mail/mailServer.ts'
import type { Postfix } from '../../hack/servers/mail/postfix.ts'
import type { OutgoingMail, Outcome, Provider } from '../src/sending/ports.ts'
import type { SmtpOptions } from '../src/providers/smtp/smtp.ts'
import type { Cut } from '../src/providers/smtp/testing/cuttingProxy.ts'
import { loopbackCertificate } from '../../hack/servers/loopbackCertificate.ts'
import { LOGIN, startExim } from '../../hack/servers/mail/exim.ts'
import { REFUSED, SIZE_AT_MOST } from '../../hack/servers/mail/mailServer.ts'
import { startOpenSmtpd } from '../../hack/servers/mail/opensmtpd.ts'
import { startPostfix } from '../../hack/servers/mail/postfix.ts'
import { smtp } from '../src/providers/smtp/smtp.ts'
import { startCuttingProxy } from '../src/providers/smtp/testing/cuttingProxy.ts'

/** Lines that begin with dots, and what looks like the end of a mail. */
const BODY = 'Hello\r\n.\r\n..two\r\n.hidden\r\nend .\r\n'

let made = 0
function mail(more: Partial<OutgoingMail> = {}): OutgoingMail {
  const number = (made += 1)
  const to = more.to ?? `r${number}@example.org`
  const from = more.from ?? 'sender@example.org'
  return {
    from,
    to,
    subject: 'Subject',
    text: 'Text',
    html: undefined,
    messageId: `<batch.${number}@example.org>`,
    headers: {},
    mime: () =>
      `From: ${from}\r\nTo: ${to}\r\nSubject: Subject\r\nMessage-ID: <batch.${number}@example.org>\r\n\r\n${BODY}`,
    ...more,
  }
}

function providerAt(server: MailServer, more: Partial<SmtpOptions> = {}): Provider {
  return smtp({
    host: '127.0.0.1',
    port: server.port,
    tls: 'Disabled',
    username: undefined,
    password: undefined,
    connections: 3,
    maxMessagesPerConnection: 100,
    ...more,
  })
}

const sendAll = (provider: Provider, mails: readonly OutgoingMail[]): Promise<Outcome[]> =>
  Promise.all(mails.map((each) => provider.send(each)))
const classes = (outcomes: readonly Outcome[]) => outcomes.map(({ retryClass }) => retryClass)
const many = (count: number) => Array.from({ length: count }, () => mail())

/** Each once, and nobody else since then. */
async function expectTaken(server: MailServer, before: readonly string[], mails: readonly OutgoingMail[]) {
  const expected = [...before, ...mails.map(({ to }) => to)].sort()
  await expect.poll(async () => [...(await server.taken())].sort()).toEqual(expected)
}

let ca: string
let certificate: Certificate
let postfix: Postfix
beforeAll(async () => {
  const { cert, key, ...made } = await loopbackCertificate()
  ca = made.ca
  certificate = { cert, key }
  postfix = await startPostfix(certificate)
})
afterAll(() => postfix.stop())

/** It goes on until the end. */
const ofPostfix = (port: number): MailServer => ({ ...postfix, port, stop: () => Promise.resolve() })

const SERVERS: Readonly<Record<string, () => Promise<MailServer>>> = {
  'Postfix with PIPELINING': () => Promise.resolve(ofPostfix(postfix.port)),
  'Postfix without': () => Promise.resolve(ofPostfix(postfix.plainPort)),
  'Exim with PIPELINING': () => startExim({ pipelining: true }),
  'Exim without': () => startExim({ pipelining: false }),
  // It has none, and ends the conversation with whoever does not wait.
  'OpenSMTPD without': () => startOpenSmtpd(1_000),
}

describe.each(Object.entries(SERVERS))('%s', (name, start) => {
  let server: MailServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  test('takes many mails, each once', async () => {
    const before = await server.taken()
    const mails = many(100)
    const provider = providerAt(server)
    expect(classes(await sendAll(provider, mails)), await server.log()).toEqual(Array(100).fill('accepted'))
    provider.close()
    await expectTaken(server, before, mails)
  })

  test('refuses at every stage what is not for it, and takes what is around it', async () => {
    const before = await server.taken()
    const refused: readonly (readonly [Partial<OutgoingMail>, object])[] = [
      [{ from: REFUSED.sender }, { retryClass: 'sender', stage: 'mail', replyCode: 550 }],
      [{ to: REFUSED.recipient }, { retryClass: 'recipient', stage: 'rcpt', replyCode: 550 }],
      [{ to: REFUSED.forNow }, { retryClass: 'transient', stage: 'rcpt' }],
      [{ from: REFUSED.data }, { stage: 'data', replyCode: 550 }],
      [{ from: REFUSED.content }, { stage: 'end_of_data', replyCode: 550 }],
      [{ mime: () => 'x'.repeat(SIZE_AT_MOST + 1) }, { retryClass: 'transient', code: 'smtp_emessage' }],
    ]
    const provider = providerAt(server, { connections: 1 })
    const good = refused.map(() => mail())
    const mixed = refused.flatMap(([more], index) => [mail(more), good[index] ?? mail()])
    const outcomes = await sendAll(provider, mixed)
    provider.close()
    const log = await server.log()
    for (const [index, [, expected]] of refused.entries())
      expect(outcomes[index * 2], `${name}\n${log}`).toMatchObject(expected)
    expect(classes(outcomes.filter((_, index) => index % 2 === 1)), log).toEqual(good.map(() => 'accepted'))
    await expectTaken(server, before, good)
  })
})

test('the text arrives as it was, dots and all', async () => {
  for (const pipelining of [true, false]) {
    const server = await startExim({ pipelining })
    onTestFinished(() => server.stop())
    const provider = providerAt(server, { connections: 1 })
    await sendAll(provider, many(3))
    provider.close()
    expect(await server.bodies()).toEqual(Array(3).fill(BODY.replaceAll('\r\n', '\n')))
  }
})

test('what an Exim took is known or in doubt, wherever the connection to it is cut', async () => {
  const server = await startExim({ pipelining: true })
  onTestFinished(() => server.stop())
  const told: { readonly to: string; readonly retryClass: string }[] = []
  const talk = async (cut: Cut) => {
    const proxy = await startCuttingProxy(() => server.port, cut)
    const provider = providerAt({ ...server, port: proxy.port }, { connections: 1 })
    const mails = many(3)
    const outcomes = await sendAll(provider, mails)
    told.push(...mails.map(({ to }, index) => ({ to, retryClass: outcomes[index]?.retryClass ?? '' })))
    provider.close()
    proxy.close()
  }
  for (let afterBytes = 0; afterBytes < 1_000; afterBytes += 37) {
    const how = afterBytes % 2 === 0 ? 'end' : 'reset'
    await Promise.all((['up', 'down'] as const).map((direction) => talk({ direction, afterBytes, how })))
  }
  const of = (...classes: string[]) =>
    told.filter(({ retryClass }) => classes.includes(retryClass)).map(({ to }) => to)
  await expect.poll(async () => (await server.taken()).length).toBeGreaterThanOrEqual(of('accepted').length)
  const taken = await server.taken()
  expect(new Set(taken).size).toBe(taken.length)
  expect(of('accepted').filter((to) => !taken.includes(to))).toEqual([])
  expect(taken.filter((to) => !of('accepted', 'ambiguous').includes(to))).toEqual([])
  expect(of('accepted', 'ambiguous', 'unreachable')).toHaveLength(told.length)
  expect(of('ambiguous').length).toBeGreaterThan(0)
})

test('an OpenSMTPD that takes a few mails through one connection is given no more', async () => {
  const server = await startOpenSmtpd(7)
  onTestFinished(() => server.stop())
  const mails = many(60)
  const provider = providerAt(server)
  expect(classes(await sendAll(provider, mails)), await server.log()).toEqual(Array(60).fill('accepted'))
  provider.close()
  await expectTaken(server, [], mails)
  // Each of the first three connections is told once; from then on it is known.
  expect((await server.log()).match(/Too many messages/g)?.length).toBeLessThanOrEqual(6)
})

test('a Postfix that takes three connections is given no more', async () => {
  const server = ofPostfix(postfix.narrowPort)
  const before = await server.taken()
  const mails = many(200)
  const provider = providerAt(server, { connections: 20 })
  expect(classes(await sendAll(provider, mails)), await server.log()).toEqual(Array(200).fill('accepted'))
  provider.close()
  await expectTaken(server, before, mails)
  expect(await server.log()).toContain('Connection concurrency limit exceeded')
})

describe('STARTTLS', () => {
  let exim: Exim
  beforeAll(async () => {
    exim = await startExim({ pipelining: true, certificate })
  })
  afterAll(() => exim.stop())
  const secure = () => ({ host: 'localhost', tls: 'Required', ca }) as const

  test.each([
    ['PLAIN', undefined],
    ['LOGIN', 'login.example'],
  ])('Exim, with a login by %s', async (_, ehloName) => {
    const before = await exim.taken()
    const mails = many(30)
    const provider = providerAt(exim, { ...secure(), ...LOGIN, ehloName })
    expect(classes(await sendAll(provider, mails)), await exim.log()).toEqual(Array(30).fill('accepted'))
    expect(provider.login().credentials).toBe('accepted')
    provider.close()
    await expectTaken(exim, before, mails)
    expect(await exim.log()).toContain(ehloName === undefined ? 'A=plain:user' : 'A=login:user')
  })

  test('Exim, with a login that it refuses', async () => {
    const provider = providerAt(exim, { ...secure(), ...LOGIN, password: 'wrong' })
    expect(await provider.send(mail())).toMatchObject({
      retryClass: 'account',
      stage: 'auth',
      code: 'smtp_535',
    })
    expect(provider.login().credentials).toBe('refused')
    provider.close()
  })

  test('Postfix', async () => {
    const before = await postfix.taken()
    const mails = many(30)
    const provider = providerAt(postfix, secure())
    expect(classes(await sendAll(provider, mails)), await postfix.log()).toEqual(Array(30).fill('accepted'))
    provider.close()
    await expectTaken(postfix, before, mails)
  })

  test('an authority that is not known is not believed', async () => {
    const provider = providerAt(postfix, { ...secure(), ca: undefined })
    expect(await provider.send(mail())).toMatchObject({ retryClass: 'unreachable', stage: 'starttls' })
    provider.close()
  })
})
