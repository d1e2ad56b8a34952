import { expect, test } from 'vitest'
import type { Claimed, Ledger, Outcome, OutgoingMail, Result } from './ports.ts'
import type { Sending } from './sendChunk.ts'
import { BatchWatch } from './batchWatch.ts'
import { Gates } from './gates.ts'
import { Recorder } from './recorder.ts'
import { sendChunk } from './sendChunk.ts'
import { unlimited } from './sharedRate.ts'
import { Slots } from './slots.ts'

const ref = { batchId: 'b', chunk: 0 }
const content = { from: 'S <s@x.org>', subject: 'Hi {{n}}', text: 'T', html: undefined }
const batch = { run: 0, resumed: undefined, recipients: 3, accepted: [], express: false, content }

/** A ledger of ten lines: what was done, in order. */
function world(addresses: readonly string[], answer: (mail: OutgoingMail) => Outcome) {
  const journal: string[] = []
  const results: Result[] = []
  const waiting: Claimed[] = addresses.map((address, seq) => ({
    batchId: 'b',
    seq,
    address,
    variables: { n: seq },
    attempt: 1,
    tries: 0,
    ageMs: 0,
    holder: 'me#1',
  }))
  const ledger: Ledger = {
    begin: (at) =>
      Promise.resolve({
        ...at,
        firstSeq: 0,
        lastSeq: addresses.length - 1,
        ...batch,
        recipients: addresses.length,
      }),
    claim: (_work, limit) => {
      const claimed = waiting.splice(0, limit)
      journal.push(`claim ${claimed.length}`)
      return Promise.resolve(claimed)
    },
    record: (given) => {
      journal.push(`record ${given.length}`)
      results.push(...given)
      return Promise.resolve(given.length)
    },
    renew: () => Promise.resolve(),
    failed: () => Promise.resolve(false),
    settle: () => {
      journal.push('settle')
      return Promise.resolve({ done: true })
    },
    failBatch: (_id, retryClass, code) => {
      journal.push(`fail ${retryClass} ${code}`)
      waiting.length = 0
      return Promise.resolve()
    },
    pauseBatch: (_work, { code, count, of }) => {
      journal.push(`pause ${code} ${count}/${of}`)
      waiting.length = 0
      return Promise.resolve(true)
    },
  }
  const refused: string[] = []
  const stopping = new AbortController()
  const onlooker = {
    attempted: () => undefined,
    fenced: () => undefined,
    recordFailed: () => undefined,
    setAside: () => undefined,
  }
  const sending: Sending = {
    ledger,
    provider: {
      name: 'fake',
      send: (mail) => {
        journal.push(`send ${mail.to}`)
        return Promise.resolve(answer(mail))
      },
      login: () => ({ credentials: 'unknown' }),
      close: () => undefined,
    },
    rate: unlimited,
    slots: new Slots(4, 2),
    gates: new Gates(),
    watch: new BatchWatch(),
    recorder: new Recorder(ledger, onlooker, {
      lingerMs: 0,
      groupSize: 2,
      giveUp: new AbortController().signal,
    }),
    onlooker,
    onRefused: ({ seq }, { code }) => refused.push(`${seq} ${code ?? ''}`),
    onPaused: (batchId) => journal.push(`paused ${batchId}`),
    switches: {
      isPaused: () => Promise.resolve(false),
      onUncertain: () => Promise.resolve('Hold'),
      claimsWidely: () => Promise.resolve(false),
    },
    stopping: stopping.signal,
  }
  return { journal, results, refused, sending, stopping }
}

/** Tells what a gate tells, and holds nobody. */
class OpenGates extends Gates {
  override passed = () => Promise.resolve()
}

test('every refusal is told, an acceptance never', async () => {
  const { refused, sending } = world(['a@x.org', 'b@x.org'], ({ to }) =>
    to === 'a@x.org' ? { retryClass: 'accepted' } : { retryClass: 'recipient', code: 'smtp_550' },
  )
  await sendChunk({ batchId: 'b', chunk: 0 }, sending)
  expect(refused).toEqual(['1 smtp_550'])
})

test('every recipient is claimed, then sent, then recorded, and the chunk is settled last', async () => {
  const { journal, results, sending } = world(['a@x.org', 'b@x.org', 'c@x.org'], () => ({
    retryClass: 'accepted',
  }))
  expect(await sendChunk(ref, sending)).toEqual({ done: true })
  expect(results.map(({ claimed, state }) => [claimed.address, state])).toEqual([
    ['a@x.org', 'sent'],
    ['b@x.org', 'sent'],
    ['c@x.org', 'sent'],
  ])
  expect(journal[0]).toBe('claim 2')
  expect(journal.at(-1)).toBe('settle')
  expect(journal.filter((entry) => entry.startsWith('send'))).toHaveLength(3)
  expect(sending.slots.taken).toBe(0)
})

test('told to stop, it claims no more', async () => {
  const { journal, sending, stopping } = world(['a@x.org'], () => ({ retryClass: 'accepted' }))
  stopping.abort()
  await sendChunk(ref, sending)
  expect(journal).toEqual(['settle'])
})

test('nothing is claimed when the provider is switched off while room or rate is waited for', async () => {
  const { journal, sending } = world(['a@x.org'], () => ({ retryClass: 'accepted' }))
  const answers = [false, true]
  const switches = { ...sending.switches, isPaused: () => Promise.resolve(answers.shift() ?? false) }
  await sendChunk(ref, { ...sending, switches })
  expect(journal).toEqual(['settle'])
  expect(sending.slots.taken).toBe(0)
})

test('a sender that is refused fails the batch', async () => {
  const { journal, sending } = world(['a@x.org'], () => ({ retryClass: 'sender', code: 'smtp_550' }))
  await sendChunk(ref, sending)
  expect(journal).toContain('fail sender smtp_550')
})

test.each([
  ['rcpt', 1, 0],
  ['rcpt', 4, 2],
  ['api', 1, 1],
  ['greeting', 1, 1],
] as const)(
  'told at %s that it is too much, %i recipients slow the rate %i times',
  async (stage, count, slowed) => {
    const { sending } = world(
      Array.from({ length: count }, (_, seq) => `r${seq}@example.org`),
      () => ({ retryClass: 'throttle', stage }),
    )
    let refused = 0
    const rate = { ...unlimited, refused: () => (refused += 1) }
    await sendChunk(ref, { ...sending, rate, gates: new OpenGates() })
    expect(refused).toBe(slowed)
  },
)

test('a batch that is held back begins nothing more and is put off, the others go on', async () => {
  const denied = { retryClass: 'account', stage: 'rcpt', code: 'smtp_554' } as const
  const addresses = Array.from({ length: 3 }, (_, seq) => `r${seq}@example.org`)
  const { journal, sending } = world(addresses, () => denied)
  const ledger = { ...sending.ledger, settle: () => Promise.resolve({ done: false, againMs: 100 } as const) }
  const settled = await sendChunk(ref, { ...sending, ledger })
  expect(settled.done ? 0 : settled.againMs).toBeGreaterThan(1_000)
  const claims = journal.filter((entry) => entry.startsWith('claim')).length
  await sendChunk(ref, { ...sending, ledger })
  expect(journal.filter((entry) => entry.startsWith('claim'))).toHaveLength(claims)
  expect(sending.gates.waitMs(Date.now())).toBe(0)
})

test('a provider that breaks its promise not to throw leaves the mail in doubt and ends nothing else', async () => {
  const { results, sending } = world(['a@x.org', 'b@x.org'], ({ to }) => {
    if (to === 'a@x.org') throw new TypeError('surprise')
    return { retryClass: 'accepted' }
  })
  expect(await sendChunk(ref, sending)).toEqual({ done: true })
  expect(results.map(({ claimed, state }) => [claimed.address, state])).toEqual([
    ['a@x.org', 'uncertain'],
    ['b@x.org', 'sent'],
  ])
  expect(sending.slots.taken).toBe(0)
})

test('mails that are large are few at once', async () => {
  const { journal, sending } = world(['a@x.org', 'b@x.org', 'c@x.org'], () => ({ retryClass: 'accepted' }))
  const text = 'x'.repeat(300_000)
  const ledger = {
    ...sending.ledger,
    begin: (at: typeof ref) =>
      Promise.resolve({ ...at, firstSeq: 0, lastSeq: 2, ...batch, content: { ...content, text } }),
  }
  await sendChunk(ref, { ...sending, ledger })
  expect(journal.filter((entry) => entry.startsWith('claim'))).toEqual(
    expect.arrayContaining(['claim 1']) as string[],
  )
  expect(journal).not.toContain('claim 2')
  expect(sending.slots.taken).toBe(0)
})

test('what goes wrong with the ledger gives the slots back and is told', async () => {
  const { sending } = world(['a@x.org'], () => ({ retryClass: 'accepted' }))
  const broken = { ...sending, ledger: { ...sending.ledger, claim: () => Promise.reject(new Error('away')) } }
  await expect(sendChunk(ref, broken)).rejects.toThrow('away')
  expect(sending.slots.taken).toBe(0)
})
