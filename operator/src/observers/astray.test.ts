import { expect, it } from 'vitest'
import { Astray } from './astray.ts'

const at = (seconds: number) => new Date(seconds * 1_000)

it('remembers since when a node is astray, until it is well', () => {
  const astray = new Astray()
  const note = (isAstray: boolean, seconds: number) =>
    astray.note('orders', [{ name: 'a', isAstray, isSeen: true }], at(seconds)).get('a')
  expect(note(false, 0)).toBeUndefined()
  expect(note(true, 10)).toEqual(at(10))
  expect(note(true, 20)).toEqual(at(10))
  expect(astray.note('others', [{ name: 'a', isAstray: true, isSeen: true }], at(25)).get('a')).toEqual(
    at(25),
  )
  expect(note(false, 30)).toBeUndefined()
  expect(note(true, 40)).toEqual(at(40))
})

it('does not begin anew for one that did not answer in between, and says nothing of it meanwhile', () => {
  const astray = new Astray()
  const note = (isAstray: boolean, isSeen: boolean, seconds: number) =>
    astray.note('orders', [{ name: 'a', isAstray, isSeen }], at(seconds)).get('a')
  expect(note(false, false, 0)).toBeUndefined()
  expect(note(true, true, 10)).toEqual(at(10))
  expect(note(false, false, 20)).toBeUndefined()
  expect(note(true, true, 30)).toEqual(at(10))
  expect(note(false, true, 40)).toBeUndefined()
  expect(note(true, true, 50)).toEqual(at(50))
})
