import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '../src/store/database.ts'
import type { Rig } from './rig.ts'
import { openDatabase } from '../src/store/database.ts'
import { findSuppression, liftSuppression, listSuppressions, suppress } from '../src/store/suppressions.ts'
import { startRig } from './rig.ts'

let rig: Rig
let database: Database

beforeAll(async () => {
  rig = await startRig()
  database = openDatabase({
    url: rig.postgres.url,
    connections: 2,
    applicationName: 'test',
    onIdleError: () => undefined,
  })
})
beforeEach(() => rig.sql('DELETE FROM suppression'))
afterAll(async () => {
  await database.close()
  await rig.stop()
})

test('a stronger reason replaces a weaker one, never the other way round', async () => {
  const addressNorm = 'a@example.org'
  expect(await suppress(database, [{ addressNorm, reason: 'bounce', detail: '550' }])).toEqual([addressNorm])
  expect(await suppress(database, [{ addressNorm, reason: 'manual', detail: 'ticket' }])).toEqual([])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'bounce', detail: '550' })
  expect(await suppress(database, [{ addressNorm, reason: 'complaint' }])).toEqual([addressNorm])
  expect(await suppress(database, [{ addressNorm, reason: 'complaint', detail: 'again' }])).toEqual([])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'complaint', detail: '' })
})

test('of several reasons for one address in one call the strongest counts', async () => {
  const addressNorm = 'b@example.org'
  await suppress(database, [
    { addressNorm, reason: 'manual' },
    { addressNorm, reason: 'unsubscribe' },
    { addressNorm, reason: 'bounce', detail: 'a\0b' },
    { addressNorm: 'c@example.org', reason: 'bounce', detail: 'half a pair: \ud800' },
  ])
  expect(await findSuppression(database, addressNorm)).toMatchObject({ reason: 'unsubscribe' })
})

test('the list is read in pages, and what is lifted is gone', async () => {
  const addresses = ['a', 'b', 'c'].map((name) => `${name}@example.org`)
  await suppress(
    database,
    addresses.map((addressNorm) => ({ addressNorm, reason: 'manual' })),
  )
  await suppress(database, [{ addressNorm: 'd@example.org', reason: 'bounce' }])
  const page = { reason: undefined, afterAddress: 'a@example.org', limit: 2 }
  const listed = await listSuppressions(database, page)
  expect(listed.map(({ addressNorm }) => addressNorm)).toEqual(['b@example.org', 'c@example.org'])
  expect(await listSuppressions(database, { ...page, afterAddress: '', reason: 'bounce' })).toHaveLength(1)
  expect(await liftSuppression(database, 'b@example.org')).toMatchObject({ reason: 'manual' })
  expect(await liftSuppression(database, 'b@example.org')).toBeUndefined()
  expect(await findSuppression(database, 'b@example.org')).toBeUndefined()
})
