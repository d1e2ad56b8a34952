/**
 * `node hack/test/main.ts SUITE…`: runs suites one after the other and ends with one line over all of them. The suite
 * `unit-then` is the unit suite at the nastiest of all instants.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { environmentAt, INSTANTS } from './instants.ts'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  /** A suite that could not even start has no tests to count. */
  readonly numFailedTestSuites: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const suites = process.argv.slice(2)
const directory = await mkdtemp(join(tmpdir(), 'batchsender-test-'))
let passed = 0
let failed = 0
/** Told again at the end, where the last screen of a long log shows them. */
const failures: string[] = []

for (const suite of suites) {
  const startedAt = Date.now()
  console.log(`\n== ${suite}`)
  const file = join(directory, `${suite}.json`)
  const code = await vitest(suite, file)
  const report = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  )
  if (report !== undefined) failures.push(...failuresOf(report))
  passed += report?.numPassedTests ?? 0
  // What was left out was not seen to work.
  const missing = (report?.numFailedTests ?? 0) + (report?.numPendingTests ?? 0)
  failed += missing > 0 ? missing : code === 0 ? 0 : Math.max(1, report?.numFailedTestSuites ?? 1)
  console.log(`== ${suite} took ${Math.round((Date.now() - startedAt) / 1000)} s`)
}

await rm(directory, { recursive: true, force: true })
for (const failure of failures) console.log(`\n${failure}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function failuresOf(report: Report): string[] {
  return report.testResults.flatMap((file) => {
    const path = relative(process.cwd(), file.name)
    const tests = file.assertionResults
      .filter((test) => test.status !== 'passed')
      .map((test) => `${test.status}: ${path}: ${test.fullName}\n${test.failureMessages.join('\n')}`)
    return tests.length === 0 && file.status === 'failed' ? [`failed: ${path}\n${file.message}`] : tests
  })
}

function vitest(name: string, file: string): Promise<number> {
  const [nastiest] = INSTANTS
  const isThen = name === 'unit-then' && nastiest !== undefined
  const suite = isThen ? 'unit' : name
  const env = { ...process.env, ...(isThen && environmentAt(nastiest, new Date())) }
  return new Promise((resolve) => {
    const child = spawn(
      'vitest',
      [
        'run',
        '--project',
        suite,
        '--project',
        `${suite}-*`,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${file}`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'], env },
    )
    child.once('error', () => {
      resolve(1)
    })
    child.once('close', (code) => {
      resolve(code ?? 1)
    })
  })
}
