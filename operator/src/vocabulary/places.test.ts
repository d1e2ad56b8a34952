import { describe, expect, it } from 'vitest'
import { databasesOf, isSamePlace, serversOf } from './places.ts'

const seenFrom = (namespace: string, url: string) => databasesOf(url, namespace, 'cluster.local')
const areOne = (one: readonly string[], two: readonly string[]) => one.some((place) => two.includes(place))

describe('the database of an address', () => {
  it.each([
    ['postgres://a:b@db/x', 'postgresql://c@db.mail.svc.cluster.local:5432/x?sslmode=require'],
    ['postgres://a@db.mail/x', 'postgres://a@DB.mail.svc/x'],
    ['postgres://x@db.example.com', 'postgres://x@db.example.com./x'],
    ['postgres://a@ep-1-pooler.eu.aws.neon.tech/x', 'postgres://a@ep-1.eu.aws.neon.tech/x'],
  ])('is one in %s and %s', (one, two) => {
    expect(areOne(seenFrom('mail', one), seenFrom('mail', two))).toBe(true)
  })

  it.each([
    ['postgres://a@db/x', 'postgres://a@db/y'],
    ['postgres://a@db:5432/x', 'postgres://a@db:5433/x'],
    ['postgres://a@db/x', 'postgres://a@db2/x'],
    ['nonsense', 'nonsense'],
    ['https://db/x', 'https://db/x'],
  ])('is not one in %s and %s', (one, two) => {
    expect(areOne(seenFrom('mail', one), seenFrom('mail', two))).toBe(false)
  })

  it('is another one for a short name in another namespace', () => {
    const short = 'postgres://a@db/x'
    expect(areOne(seenFrom('mail', short), seenFrom('shop', short))).toBe(false)
  })
})

describe('a place', () => {
  const at = (path: string) => ({ what: 'backup', at: 's3', path }) as const
  it.each([
    ['a', 'a', true],
    ['a', 'a/b', true],
    ['a/b', 'a', true],
    ['', 'a', true],
    ['a', 'ab', false],
    ['a/b', 'a/c', false],
  ])('%j and %j: %s', (one, two, same) => {
    expect(isSamePlace(at(one), at(two))).toBe(same)
  })

  it('is of one kind, and has the port that goes without saying', () => {
    expect(isSamePlace({ what: 'postgres', at: 'x' }, { what: 'clickhouse', at: 'x' })).toBe(false)
    expect(serversOf('https://c.example.com', 'mail', 'cluster.local')).toEqual(
      serversOf('https://C.example.com:443/', 'mail', 'cluster.local'),
    )
  })
})
