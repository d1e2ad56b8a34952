/** What the runner's JSON report says, as values. */
import { relative } from 'node:path'
import { MAY_BE_LEFT_OUT } from './mayBeLeftOut.ts'

/** Vitest's `json` reporter, as far as it is read; times in milliseconds. */
export interface Report {
  readonly testResults: readonly FileReport[]
}

export interface FileReport {
  readonly name: string
  readonly status: string
  readonly message: string
  readonly startTime: number
  readonly endTime: number
  readonly assertionResults: readonly {
    readonly status: string
    readonly fullName: string
    readonly duration?: number | null
    readonly failureMessages: readonly string[]
  }[]
}

/** One file of tests, as it ended. */
export interface Outcome {
  /** From the root of the project. */
  readonly file: string
  readonly seconds: number
  readonly passed: number
  /** What was left out was not seen to work: it counts as failed, unless it may be, or the run was ended before it. */
  readonly failed: number
  /** The run was ended before all of it had run. */
  readonly isCut: boolean
  /** One text for each test that did not pass, and before them one for the file if it could not start. */
  readonly failures: readonly string[]
  readonly tests: readonly { readonly name: string; readonly seconds: number }[]
}

/** @param wasEnded the run, before all tests had begun */
export function outcomesOf(report: Report, root: string, wasEnded = false): Outcome[] {
  return report.testResults.map((each) => {
    const file = relative(root, each.name)
    const counted = each.assertionResults.filter(
      ({ status }) => status !== 'skipped' || !MAY_BE_LEFT_OUT.has(file),
    )
    const open = counted.filter(({ status }) => status !== 'passed')
    const red = wasEnded ? open.filter(({ status }) => status === 'failed') : open
    const isCut = wasEnded && (red.length < open.length || isUnbegun(each))
    const ownFailure = each.message === '' ? [] : [`failed: ${file}\n${each.message}`]
    return {
      file,
      seconds: (each.endTime - each.startTime) / 1000,
      passed: counted.length - open.length,
      failed: red.length === 0 && hasFailed(each, isCut) ? 1 : red.length,
      isCut,
      failures: [
        ...ownFailure,
        ...red.map((test) => `${test.status}: ${file}: ${test.fullName}\n${test.failureMessages.join('\n')}`),
      ],
      tests: each.assertionResults.map((test) => ({
        name: `${file}: ${test.fullName}`,
        seconds: (test.duration ?? 0) / 1000,
      })),
    }
  })
}

/** A file that was cut says nothing of its own: what it says is of a set-up or an end that failed. */
const hasFailed = ({ status, message }: FileReport, isCut: boolean): boolean =>
  status === 'failed' && (!isCut || message !== '')

const isUnbegun = ({ assertionResults, message }: FileReport): boolean =>
  assertionResults.length === 0 && message === ''

/** @returns the `count` slowest, slowest first, a line each. */
export function slowest(
  timed: readonly { readonly name: string; readonly seconds: number }[],
  count: number,
): string[] {
  return [...timed]
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, count)
    .map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${name}`)
}

/** @returns of a file that was red among the others, and then ran alone, what counts, and what is told. */
export function secondOpinion(
  first: Outcome,
  alone: Outcome | undefined,
): { readonly counts: Outcome; readonly flaky?: string } {
  const isWhole = alone?.failed === 0 && alone.passed >= first.passed + first.failed
  return isWhole
    ? { counts: alone, flaky: `FLAKY ${first.file}\n${first.failures[0] ?? ''}` }
    : { counts: first }
}
