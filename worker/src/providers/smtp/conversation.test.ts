/** The conversation against a server that holds to the protocol to the letter, and one that does not. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Extensions } from './extensions.ts'
import type { Result } from './conversation.ts'
import type { Letter } from './wire.ts'
import { classifySmtp } from './classes.ts'
import { Conversation } from './conversation.ts'
import { NO_EXTENSIONS } from './extensions.ts'
import { ReplyParser } from './replies.ts'
import { onTheWire } from './wire.ts'

const letter = (number: number, more: Partial<Letter> = {}): Letter => ({
  from: 's@example.org',
  to: `r${number}@example.org`,
  mime: () => `Subject: ${number}\r\n\r\n.\r\nMAIL FROM:<of@the.text>\r\n`,
  ...more,
})

const PIPELINING: Extensions = { ...NO_EXTENSIONS, pipelining: true }

/** Tells results by recipient. */
function talk(extensions: Extensions) {
  const results = new Map<string, Result>()
  const conversation = new Conversation(extensions, ({ to }: Letter, result) => {
    if (results.has(to)) throw new Error(`${to}: told twice`)
    results.set(to, result)
  })
  const take = (...replies: string[]) => {
    for (const text of replies) conversation.take({ code: Number(text.slice(0, 3)), text })
  }
  const classOf = (to: string): string => {
    const result = results.get(to)
    if (result === undefined) return 'untold'
    return result.failure === undefined ? 'accepted' : classifySmtp(result.failure).retryClass
  }
  const none = () => conversation.proceed(() => undefined)
  return { conversation, results, take, classOf, none }
}

const [A, B] = [letter(1), letter(2)]
const envelope = ({ to }: Letter) => `MAIL FROM:<s@example.org>\r\nRCPT TO:<${to}>\r\nDATA\r\n`
const CLOSED = { code: 'ECONNECTION', words: 'closed' }

test('with PIPELINING an envelope goes as one, and with the end of the mail before it', () => {
  const { conversation, take, classOf, none } = talk(PIPELINING)
  expect(conversation.begin(A)).toBe(envelope(A))
  take('250 a', '250 b')
  expect(none()).toBe('')
  take('354 c')
  expect(conversation.proceed(() => B)).toBe(onTheWire(A.mime()) + envelope(B))
  take('250 taken')
  expect([classOf(A.to), classOf(B.to)]).toEqual(['accepted', 'untold'])
  take('250 a', '250 b', '354 c')
  expect(none()).toBe(onTheWire(B.mime()))
  take('250 taken')
  expect([classOf(B.to), conversation.isFree]).toEqual(['accepted', true])
})

test('without it each command waits for the answer to the one before it, and no mail goes along', () => {
  const { conversation, take, none } = talk(NO_EXTENSIONS)
  const said = [conversation.begin(A)]
  for (const reply of ['250 a', '250 b', '354 c', '250 d']) {
    take(reply)
    said.push(conversation.proceed(() => B))
  }
  expect(said).toEqual([
    'MAIL FROM:<s@example.org>\r\n',
    'RCPT TO:<r1@example.org>\r\n',
    'DATA\r\n',
    onTheWire(A.mime()),
    '',
  ])
  expect(none()).toBe('')
})

test('a mail whose recipient is refused ends with a lone dot when the server goes on, and never with its text', () => {
  const { conversation, results, take, none } = talk(PIPELINING)
  conversation.begin(A)
  take('250 a', '550 5.1.1 who', '354 go on')
  expect(results.get(A.to)?.failure).toMatchObject({ stage: 'rcpt', replyCode: 550, bodyBegun: false })
  expect([none(), conversation.isFree]).toEqual(['.\r\n', false])
  take('554 no valid recipients')
  expect(conversation.isFree).toBe(true)
  expect(conversation.begin(B)).toBe(`RSET\r\n${envelope(B)}`)
})

test('what was sent along with a refusal is no reason, the first refusal is', () => {
  const { conversation, results, take } = talk(PIPELINING)
  conversation.begin(A)
  take('550 5.7.1 not you', '503 no sender')
  expect(results.size).toBe(0)
  take('503 no recipient')
  expect(results.get(A.to)?.failure).toMatchObject({ stage: 'mail', words: '550 5.7.1 not you' })
  expect([conversation.isFree, conversation.wasRefused]).toEqual([true, true])
})

test('a server that wants the text of a mail of nobody is left', () => {
  const { conversation, take, classOf, none } = talk(PIPELINING)
  conversation.begin(A)
  take('550 not you', '250 b', '354 go on')
  expect([classOf(A.to), none()]).toEqual(['sender', ''])
  expect(conversation.fault?.code).toBe('EPROTOCOL')
})

test('a reset that is refused leaves the mail to another connection', () => {
  for (const extensions of [PIPELINING, NO_EXTENSIONS]) {
    const { conversation, take, results } = talk(extensions)
    conversation.begin(A)
    take('250 a')
    conversation.proceed(() => undefined)
    take('550 who', ...(extensions.pipelining ? ['503 no'] : []))
    conversation.proceed(() => undefined)
    expect(conversation.begin(B)).toMatch(/^RSET\r\n/)
    take('500 what')
    expect(conversation.fault).toBeDefined()
    expect(conversation.lose(CLOSED)).toEqual([B])
    expect([...results.keys()]).toEqual([A.to])
  }
})

test.each([
  ['before its command', ['250 a', '250 b'], NO_EXTENSIONS],
  ['instead of 354', ['250 a', '250 b', '250 c'], PIPELINING],
  ['with 354 too soon', ['354 a'], PIPELINING],
  ['after 354', ['250 a', '250 b', '354 c', '250 taken'], PIPELINING],
])('a reply %s is not understood, and the mail is not in doubt', (_, replies, extensions) => {
  const { conversation, take, classOf, none } = talk(extensions)
  conversation.begin(A)
  take(...replies)
  expect(conversation.fault?.code).toBe('EPROTOCOL')
  conversation.lose(CLOSED)
  expect([classOf(A.to), none()]).toEqual(['unreachable', ''])
})

test('a server that takes its leave after it said to go on refuses the mail', () => {
  const { conversation, take, results } = talk(PIPELINING)
  conversation.begin(A)
  take('250 a', '250 b', '354 c', '421 4.3.2 bye')
  conversation.lose(CLOSED)
  expect(results.get(A.to)?.failure).toMatchObject({ stage: 'data', replyCode: 421, bodyBegun: false })
})

test('what the server will not take is not sent', () => {
  const { conversation, results } = talk({ ...PIPELINING, size: 50 })
  expect(conversation.begin(letter(1, { mime: () => 'x'.repeat(51) }))).toBe('')
  expect(results.get(A.to)?.failure).toMatchObject({ stage: 'mail', fault: 'EMESSAGE' })
  const exact = letter(2, { mime: () => 'x'.repeat(50) })
  expect(conversation.begin(exact)).toContain('MAIL FROM:<s@example.org> SIZE=50\r\n')
})

test.each([
  [{ from: 's@x>\r\nRCPT TO:<victim@y' }, 'sender'],
  [{ to: 'r@x>\r\nRCPT TO:<victim@y' }, 'recipient'],
  [{ to: '' }, 'recipient'],
  [
    {
      mime: () => {
        throw new Error('not composed')
      },
    },
    'transient',
  ],
])('%j says nothing to the server', (more, retryClass) => {
  const { conversation, classOf } = talk(PIPELINING)
  const given = letter(1, more)
  expect(conversation.begin(given)).toBe('')
  expect(classOf(given.to)).toBe(retryClass)
  expect(conversation.isFree).toBe(true)
})

test('addresses outside ASCII ask for SMTPUTF8 where it is offered', () => {
  const foreign = letter(1, { to: 'jörg@example.org' })
  expect(talk({ ...PIPELINING, smtpUtf8: true }).conversation.begin(foreign)).toContain(
    '<s@example.org> SMTPUTF8\r\n',
  )
  expect(talk(PIPELINING).conversation.begin(foreign)).not.toContain('SMTPUTF8')
  expect(talk({ ...PIPELINING, smtpUtf8: true }).conversation.begin(A)).not.toContain('SMTPUTF8')
})

/** What a server answers at each step of a mail, and after how many bytes from it the connection is cut. */
interface Plan {
  readonly refusals: readonly (readonly ['MAIL' | 'RCPT' | 'DATA' | '.', string] | undefined)[]
  readonly cutAfter: number
  readonly goesOnWithNobody: boolean
}

/** A server of RFC 5321: nested transactions, texts without recipients, and commands within texts are told from others. */
class Server {
  readonly taken: string[] = []
  readonly #plan: Plan
  #data = ''
  #isText = false
  #text = ''
  #begun = 0
  #hasSender = false
  #recipients: string[] = []

  constructor(plan: Plan) {
    this.#plan = plan
  }

  read(text: string): string {
    this.#data += text
    let said = ''
    for (let end = this.#data.indexOf('\r\n'); end >= 0; end = this.#data.indexOf('\r\n')) {
      const line = this.#data.slice(0, end)
      this.#data = this.#data.slice(end + 2)
      said += this.#isText ? this.#textLine(line) : this.#command(line)
    }
    return said
  }

  #command(line: string): string {
    const command = line.split(' ')[0] ?? ''
    if (command === 'MAIL') {
      if (this.#hasSender) return '503 nested\r\n'
      this.#begun += 1
    }
    const refusal = this.#plan.refusals[this.#begun - 1]
    return refusal?.[0] === command ? `${refusal[1]}\r\n` : this.#usual(command, line)
  }

  #usual(command: string, line: string): string {
    if (command === 'RCPT') return this.#recipient(line)
    if (command === 'DATA') return this.#begin()
    if (command !== 'MAIL' && command !== 'RSET') throw new Error(`not a command: ${line}`)
    this.#forget()
    this.#hasSender = command === 'MAIL'
    return '250 ok\r\n'
  }

  #recipient(line: string): string {
    if (!this.#hasSender) return '503 no sender\r\n'
    this.#recipients.push(/<(.*)>/.exec(line)?.[1] ?? '')
    return '250 ok\r\n'
  }

  #begin(): string {
    const goesOn = this.#recipients.length > 0 || (this.#plan.goesOnWithNobody && this.#hasSender)
    if (!goesOn) return '503 no recipients\r\n'
    this.#isText = true
    this.#text = ''
    return '354 go on\r\n'
  }

  #textLine(line: string): string {
    if (line !== '.') {
      this.#text += `${line.startsWith('.') ? line.slice(1) : line}\r\n`
      return ''
    }
    this.#isText = false
    const refusal = this.#plan.refusals[this.#begun - 1]
    const recipients = this.#recipients
    this.#forget()
    if (refusal?.[0] === '.') return `${refusal[1]}\r\n`
    if (recipients.length === 0 && this.#text !== '') throw new Error('a text for nobody')
    this.taken.push(...recipients.map((to) => `${to} ${this.#text}`))
    return '250 taken\r\n'
  }

  #forget(): void {
    this.#hasSender = false
    this.#recipients = []
  }
}

/** Sends all over one connection until it is cut. @returns those that another one would have to take */
function run(letters: readonly Letter[], extensions: Extensions, plan: Plan, cuts: readonly number[]) {
  const { conversation, results, classOf } = talk(extensions)
  const server = new Server(plan)
  const parser = new ReplyParser()
  const waiting = [...letters]
  let left = plan.cutAfter
  let turn = 0
  /** The connection takes so much more in either direction. */
  const within = (text: string): string => {
    const part = text.slice(0, left)
    left -= part.length
    return part
  }
  const say = (text: string): void => {
    let toRead = within(server.read(within(text)))
    while (toRead !== '') {
      const size = (cuts[turn++ % cuts.length] ?? 0) + 1
      parser.push(toRead.slice(0, size))
      toRead = toRead.slice(size)
      for (let reply = parser.next(); reply !== undefined; reply = parser.next()) conversation.take(reply)
      if (conversation.fault !== undefined) throw new Error(conversation.fault.words)
      const more = conversation.proceed(() => waiting.shift())
      if (more !== '') toRead += within(server.read(within(more)))
    }
  }
  while (left > 0 && conversation.isFree && waiting.length > 0) {
    const next = waiting.shift()
    if (next !== undefined) say(conversation.begin(next))
  }
  const back = [...conversation.lose(CLOSED), ...waiting]
  return { server, results, classOf, back }
}

const refusal = fc.option(
  fc.tuple(
    fc.constantFrom('MAIL' as const, 'RCPT' as const, 'DATA' as const, '.' as const),
    fc.constantFrom('550 no', '450 later', '452 4.3.1 full'),
  ),
  { nil: undefined, freq: 2 },
)
const UNCUT = 1_000_000
const plans = fc.record({
  refusals: fc.array(refusal, { minLength: 4, maxLength: 4 }),
  cutAfter: fc.oneof(fc.nat(2_000), fc.constant(UNCUT)),
  goesOnWithNobody: fc.boolean(),
})

const LETTERS = [1, 2, 3, 4].map((number) => letter(number))

/** What was taken is known as that, or in doubt; of one mail at most. */
function checkTaken({ server, results, classOf, back }: ReturnType<typeof run>): void {
  const taken = new Set(server.taken.map((each) => each.split(' ', 1)[0] ?? ''))
  expect(server.taken).toHaveLength(taken.size)
  for (const each of LETTERS.filter(({ to }) => taken.has(to)))
    expect(server.taken).toContain(`${each.to} ${each.mime()}`)
  expect(results.size + back.length).toBe(LETTERS.length)
  expect(back.filter(({ to }) => results.has(to) || taken.has(to))).toEqual([])
  const classes = LETTERS.map(({ to }) => classOf(to))
  expect(classes.filter((each) => each === 'ambiguous').length).toBeLessThanOrEqual(1)
  const expected = LETTERS.map(({ to }) => (taken.has(to) ? /^(accepted|ambiguous)$/ : /^(?!accepted)/))
  for (const [index, pattern] of expected.entries()) expect(classes[index]).toMatch(pattern)
}

/** Of a connection that lasts. */
function checkReasons({ results, classOf }: ReturnType<typeof run>, { refusals }: Plan): void {
  for (const [index, { to }] of LETTERS.entries()) {
    const [step, words] = refusals[index] ?? []
    const stage = step === '.' ? 'end_of_data' : step?.toLowerCase()
    if (step === undefined) expect(classOf(to)).toBe('accepted')
    else expect(results.get(to)?.failure).toMatchObject({ stage, words })
  }
}

test('each mail has one result, which is true, whatever is refused and wherever the connection is cut', () => {
  fc.assert(
    fc.property(
      plans,
      fc.boolean(),
      fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
      (plan, pipelining, cuts) => {
        const seen = run(LETTERS, { ...NO_EXTENSIONS, pipelining }, plan, cuts)
        checkTaken(seen)
        if (plan.cutAfter === UNCUT) checkReasons(seen, plan)
      },
    ),
    { numRuns: 1_500 },
  )
})
