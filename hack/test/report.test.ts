import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileReport } from './report.ts'
import { MAY_BE_LEFT_OUT } from './mayBeLeftOut.ts'
import { outcomesOf, secondOpinion, slowest } from './report.ts'

const fileOf = (statuses: readonly string[], rest: Partial<FileReport> = {}): FileReport => ({
  name: '/project/worker/test/send.test.ts',
  status: statuses.every((status) => status === 'passed') ? 'passed' : 'failed',
  message: '',
  startTime: 1_000,
  endTime: 4_000,
  assertionResults: statuses.map((status, index) => ({
    status,
    fullName: `test ${index}`,
    duration: 500,
    failureMessages: status === 'failed' ? ['not in time'] : [],
  })),
  ...rest,
})
const root = '/project'
const outcomeOf = (...statuses: string[]) => {
  const [outcome] = outcomesOf({ testResults: [fileOf(statuses)] }, root)
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}

describe('the outcome of a file', () => {
  it('counts what was left out as failed, and tells of it', () => {
    const outcome = outcomeOf('passed', 'failed', 'skipped')
    expect(outcome).toMatchObject({ file: 'worker/test/send.test.ts', seconds: 3, passed: 1, failed: 2 })
    expect(outcome.failures).toEqual([
      'failed: worker/test/send.test.ts: test 1\nnot in time',
      'skipped: worker/test/send.test.ts: test 2\n',
    ])
  })
  it.each([...MAY_BE_LEFT_OUT])('leaves out what %s leaves out, but not a set-up that failed', (file) => {
    expect(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).toContain(`LEFT OUT  ${file}`)
    const named = { name: `${root}/${file}` }
    const [outcome] = outcomesOf(
      { testResults: [fileOf(['passed', 'skipped'], { ...named, status: 'passed' })] },
      root,
    )
    expect(outcome).toMatchObject({ passed: 1, failed: 0, failures: [] })
    const fallen = fileOf(['skipped'], { ...named, status: 'failed', message: 'no server' })
    expect(outcomesOf({ testResults: [fallen] }, root)[0]).toMatchObject({ passed: 0, failed: 1 })
  })
  it('is one failure for a file that could not start', () => {
    const [outcome] = outcomesOf(
      { testResults: [fileOf([], { status: 'failed', message: 'no such module' })] },
      root,
    )
    expect(outcome).toMatchObject({ passed: 0, failed: 1 })
    expect(outcome?.failures).toEqual(['failed: worker/test/send.test.ts\nno such module'])
  })
  it('is one failure for a file whose tests passed and whose end failed', () => {
    const [outcome] = outcomesOf(
      { testResults: [fileOf(['passed'], { status: 'failed', message: 'not stopped' })] },
      root,
    )
    expect(outcome).toMatchObject({ passed: 1, failed: 1 })
  })
  it('tells how long each test took, in seconds', () => {
    expect(outcomeOf('passed').tests).toEqual([{ name: 'worker/test/send.test.ts: test 0', seconds: 0.5 }])
  })
  it.each([
    ['was not begun', fileOf([], { status: 'failed' }), { passed: 0, failed: 0, isCut: true, failures: [] }],
    ['was begun', fileOf(['passed', 'skipped']), { passed: 1, failed: 0, isCut: true, failures: [] }],
    ['had failed before', fileOf(['failed', 'skipped']), { passed: 0, failed: 1, isCut: true }],
    ['was over', fileOf(['passed']), { passed: 1, failed: 0, isCut: false }],
    [
      'could not start',
      fileOf([], { status: 'failed', message: 'no such module' }),
      { failed: 1, isCut: false },
    ],
    [
      'could not be set up, so that its tests were left out',
      fileOf(['skipped'], { status: 'failed', message: 'no server' }),
      { failed: 1, failures: ['failed: worker/test/send.test.ts\nno server'] },
    ],
  ])('of a run that was ended before all of it had begun: it %s', (_, file, expected) => {
    expect(outcomesOf({ testResults: [file] }, root, true)).toEqual([expect.objectContaining(expected)])
  })
})

describe('the second opinion about a red file', () => {
  const red = outcomeOf('passed', 'failed', 'skipped')
  it('is green and told, with the first failure, when all its tests passed', () => {
    const green = outcomeOf('passed', 'passed', 'passed')
    expect(secondOpinion(red, green)).toEqual({
      counts: green,
      flaky: 'FLAKY worker/test/send.test.ts\nfailed: worker/test/send.test.ts: test 1\nnot in time',
    })
  })
  it.each([
    ['it is red again', outcomeOf('passed', 'passed', 'failed')],
    ['it has fewer tests than before', outcomeOf('passed', 'passed')],
    ['there is none', undefined],
    [
      'it is whole and red again, having more tests than before',
      outcomeOf('passed', 'passed', 'passed', 'failed'),
    ],
  ])('is red when %s', (_, alone) => {
    const { counts, flaky } = secondOpinion(red, alone)
    expect(counts.failed).toBeGreaterThan(0)
    expect(flaky).toBeUndefined()
  })
})

it('the slowest come first, and no more than asked for', () => {
  const timed = [1, 30, 2].map((seconds) => ({ name: `f${seconds}`, seconds }))
  expect(slowest(timed, 2)).toEqual(['    30.0 s  f30', '     2.0 s  f2'])
})
