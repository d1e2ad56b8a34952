import type { TSchema } from 'typebox'
import { describe, expect, test } from 'vitest'
import { parseJobReport } from '../jobReports.ts'
import { parseJobSettings } from '../jobSettings.ts'
import { JOB_COMMANDS, JOB_NAMES, jobCommand, jobOf, JOBS } from './index.ts'

const FIGURES = { rows: 3, partitions: 1, hash: '0123456789abcdef' }
const AT = '2026-11-23T12:00:00Z'
const REPORTS = {
  backup: { backup: 'b', kind: 'full', cutoff: AT, completedAt: AT, sizeBytes: 1, ...FIGURES },
  verify: { backup: 'b', completedAt: AT, ...FIGURES },
  retention: { completedAt: AT, kept: 1, removed: 0, leftovers: 0 },
}

describe('the table of Jobs', () => {
  test('says all that can be asked of the program, and of which Job it is', () => {
    expect(JOB_COMMANDS).toEqual(['backup full', 'backup incremental', 'verify', 'retention'])
    expect([...new Set(JOB_COMMANDS.map((command) => jobOf(command)))]).toEqual(JOB_NAMES)
  })

  test.each([
    [['backup', 'full'], 'backup full'],
    [['backup', 'incremental'], 'backup incremental'],
    [['verify'], 'verify'],
    [['verify', 'more'], 'verify'],
    [['backup'], undefined],
    [['backup', 'half'], undefined],
    [['serve'], undefined],
    [[], undefined],
  ])('%j asks for %s', (args, command) => {
    expect(jobCommand(args)).toBe(command)
  })

  test.each(JOB_NAMES)('%s reports under its own name, and is told of under it when it fails', (job) => {
    const literal = (JOBS[job].report.properties as Record<string, TSchema & { const?: unknown }>)['job']
    expect(literal?.const).toBe(job)
    const report = { job, ...REPORTS[job] }
    expect(parseJobReport(JSON.stringify(report))).toEqual(report)
    const failure = { job, failedAt: AT, error: 'e' }
    expect(parseJobReport(JSON.stringify(failure))).toEqual(failure)
  })

  test.each(JOB_NAMES)('%s names itself when its environment is at fault', (job) => {
    expect(() => parseJobSettings(job, {})).toThrow(`the environment is not what ${JOBS[job].who} needs:\n`)
  })

  test('leaves no report to a name that it does not have', () => {
    const unknown = { job: 'drill', failedAt: AT, error: 'e' }
    expect(parseJobReport(JSON.stringify(unknown))).toBeUndefined()
  })
})
