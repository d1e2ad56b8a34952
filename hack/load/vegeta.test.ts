import { expect, it } from 'vitest'
import { SCENARIOS } from './scenarios/scenario.ts'
import { attackArguments } from './vegeta.ts'

it('asks vegeta for the pace of a scenario, and no longer than a second beyond its time', () => {
  expect(attackArguments(SCENARIOS.sustained, 36)).toEqual([
    'attack',
    '-format=json',
    '-lazy',
    '-rate=1000/3600s',
    '-duration=37000ms',
    '-max-workers=20',
    '-redirects=-1',
    '-max-body=0',
  ])
})
