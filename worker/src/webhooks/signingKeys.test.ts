import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { RATION, REFILL_MS, signingKeys } from './signingKeys.ts'

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const DAY_MS = 86_400_000

function rig() {
  let at = Date.parse('2026-01-01T00:00:00Z')
  let elapsedMs = 0
  const fetched: string[] = []
  const failed: string[] = []
  const answers = new Map<string, Error>()
  const keys = signingKeys({
    fetchCertificate: (url) => {
      fetched.push(url)
      const error = answers.get(url)
      return error === undefined ? Promise.resolve('pem') : Promise.reject(error)
    },
    parse: (_pem, now) => ({ key: publicKey, expiresAt: new Date(now.getTime() + DAY_MS) }),
    now: () => new Date(at),
    elapsedMs: () => elapsedMs,
    onFailed: (_error, url) => {
      failed.push(url)
    },
  })
  const pass = (ms: number) => {
    at += ms
    elapsedMs += ms
  }
  const setClock = (ms: number) => {
    at += ms
  }
  return { setClock, keys, fetched, failed, answers, pass }
}

test('a certificate is fetched once, however many ask at once', async () => {
  const { keys, fetched } = rig()
  const found = await Promise.all(Array.from({ length: 50 }, () => keys.keyOf('a')))
  expect(found.every(({ kind }) => kind === 'genuine')).toBe(true)
  await keys.keyOf('a')
  expect(fetched).toEqual(['a'])
})

test('the certificates whose keys are at hand are known, until they expire', async () => {
  const { keys, pass } = rig()
  expect(keys.urls()).toEqual([])
  await keys.keyOf('a')
  expect(keys.urls()).toEqual(['a'])
  pass(DAY_MS)
  expect(keys.urls()).toEqual([])
})

test('a failure is not kept: the next one asks again', async () => {
  const { keys, fetched, failed, answers } = rig()
  answers.set('a', new Error('answered 503'))
  expect(await keys.keyOf('a')).toMatchObject({ kind: 'unavailable' })
  answers.clear()
  expect(await keys.keyOf('a')).toMatchObject({ kind: 'genuine' })
  expect(fetched).toEqual(['a', 'a'])
  expect(failed).toEqual(['a'])
})

test('unknown URLs are rationed, known ones are not', async () => {
  const { keys, fetched, pass } = rig()
  await keys.keyOf('known')
  for (let junk = 0; junk < 100; junk += 1) await keys.keyOf(`junk${junk}`)
  expect(fetched).toHaveLength(RATION)
  expect(await keys.keyOf('new')).toMatchObject({ kind: 'unavailable' })
  expect(await keys.keyOf('known')).toMatchObject({ kind: 'genuine' })
  pass(REFILL_MS)
  expect(await keys.keyOf('new')).toMatchObject({ kind: 'genuine' })
})

test('few are kept, those used last', async () => {
  const { keys, pass } = rig()
  await keys.keyOf('used')
  for (let other = 0; other < 30; other += 1) {
    pass(REFILL_MS)
    await keys.keyOf(`other${other}`)
    await keys.keyOf('used')
  }
  expect(keys.has('used')).toBe(true)
  expect(keys.has('other0')).toBe(false)
  expect(keys.has('other29')).toBe(true)
})

test('a certificate that has ended is fetched again', async () => {
  const { keys, fetched, pass } = rig()
  await keys.keyOf('a')
  pass(DAY_MS)
  expect(keys.has('a')).toBe(false)
  await keys.keyOf('a')
  expect(fetched).toEqual(['a', 'a'])
})

test('a clock that is set back voids no ration', async () => {
  const { keys, fetched, setClock } = rig()
  await keys.keyOf('first')
  setClock(-120_000)
  for (let junk = 0; junk < 300; junk += 1) await keys.keyOf(`junk${junk}`)
  expect(fetched).toHaveLength(RATION)
})

test('a flood of made-up names holds up nobody who asks again', async () => {
  const { keys } = rig()
  for (let junk = 0; junk < 100; junk += 1) await keys.keyOf(`junk${junk}`)
  expect(await keys.keyOf('true')).toMatchObject({ kind: 'unavailable' })
  for (let junk = 100; junk < 1_000; junk += 1) await keys.keyOf(`junk${junk}`)
  expect(await keys.keyOf('true')).toMatchObject({ kind: 'genuine' })
})

test('names that worked have a ration of their own, also when made-up ones are asked for again', async () => {
  const { keys, answers, pass } = rig()
  for (let junk = 0; junk < 100; junk += 1) answers.set(`junk${junk}`, new Error('answered 403'))
  await keys.keyOf('true')
  pass(DAY_MS)
  for (let round = 0; round < 3; round += 1)
    for (let junk = 0; junk < 100; junk += 1) await keys.keyOf(`junk${junk}`)
  expect(keys.has('true')).toBe(false)
  expect(await keys.keyOf('true')).toMatchObject({ kind: 'genuine' })
})
