/**
 * `node hack/test/main.ts SUITE…`: runs suites one after the other and ends with one line over all of them. The suite
 * `unit-then` is the unit suite at the nastiest of all instants. A file of the other suites that was red among the
 * others runs once more, alone: green then, it is told as FLAKY, which is a fault to be found, and does not fail the run.
 * With TEST_MINUTES the run is ended when they are over, and what it had not come to by then is named and not counted.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environmentAt, INSTANTS } from './instants.ts'
import type { Outcome, Report } from './report.ts'
import { outcomesOf, secondOpinion, slowest } from './report.ts'

/** More red files than this are no accident. */
const MAX_SECOND_RUNS = 10
const SLOWEST = 10
/** What a file sets up or tears down when the time is over may take this long. */
const LAST_HOOKS_MS = 420_000

const directory = await mkdtemp(join(tmpdir(), 'batchsender-test-'))
const outcomes: Outcome[] = []
/** Told again at the end, where the last screen of a long log shows them. */
const flaky: string[] = []
const times: string[] = []
let couldNotRun = 0

const minutes = Number(process.env['TEST_MINUTES'] ?? Infinity)
const deadline = Date.now() + minutes * 60_000
const isOver = () => Date.now() >= deadline
const leftOut: string[] = []

for (const suite of process.argv.slice(2)) {
  if (isOver()) {
    leftOut.push(`all of ${suite}`)
    continue
  }
  const startedAt = Date.now()
  console.log(`\n== ${suite}`)
  const first = await run(suite)
  if (first.broken) couldNotRun += 1
  const red = first.outcomes.filter(({ failed }) => failed > 0)
  const again = suite.startsWith('unit') || red.length > MAX_SECOND_RUNS || isOver() ? [] : red
  const opinions = new Map<string, Outcome>()
  for (const outcome of again) {
    console.log(
      `\n== ${suite}: ${outcome.file} once more, alone; first it was\n${outcome.failures.join('\n')}`,
    )
    const alone = await run(suite, outcome.file)
    const opinion = secondOpinion(outcome, alone.broken ? undefined : alone.outcomes[0])
    opinions.set(outcome.file, opinion.counts)
    if (opinion.flaky !== undefined) flaky.push(opinion.flaky)
  }
  outcomes.push(...first.outcomes.map((outcome) => opinions.get(outcome.file) ?? outcome))
  leftOut.push(...first.outcomes.filter(({ isCut }) => isCut).map(({ file }) => file))
  times.push(`== ${suite} took ${Math.round((Date.now() - startedAt) / 1000)} s`)
  console.log(times.at(-1))
}

await rm(directory, { recursive: true, force: true })
const timed = outcomes.map(({ file, seconds }) => ({ name: file, seconds }))
console.log(['\nThe slowest files:', ...slowest(timed, SLOWEST)].join('\n'))
const tests = outcomes.flatMap((outcome) => outcome.tests)
console.log(['\nThe slowest tests:', ...slowest(tests, SLOWEST), '', ...times].join('\n'))
for (const text of [...flaky, ...outcomes.flatMap(({ failures }) => failures)]) console.log(`\n${text}`)
if (leftOut.length > 0)
  console.log(`\nLEFT OUT, since the ${minutes} minutes of TEST_MINUTES were over: ${leftOut.join(', ')}`)
const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0)
const [passed, failed] = [sum((outcome) => outcome.passed), sum((outcome) => outcome.failed) + couldNotRun]
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** @returns `broken`: that the run failed although no file of it did. */
async function run(name: string, file?: string): Promise<{ outcomes: Outcome[]; broken: boolean }> {
  const output = join(directory, 'report.json')
  await rm(output, { force: true })
  const code = await vitest(name, output, file === undefined ? [] : [file, '--maxWorkers=1'])
  const report = await readFile(output, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  )
  const wasEnded = isOver()
  if (report === undefined && wasEnded) {
    leftOut.push(`what ${name} had not reported`)
    return { outcomes: [], broken: false }
  }
  const ended = report === undefined ? [] : outcomesOf(report, process.cwd(), wasEnded)
  const isExplained = ended.some(({ failed, isCut }) => failed > 0 || isCut)
  return { outcomes: ended, broken: code !== 0 && !isExplained }
}

function vitest(name: string, output: string, rest: readonly string[]): Promise<number> {
  const [nastiest] = INSTANTS
  const isThen = name === 'unit-then' && nastiest !== undefined
  const suite = isThen ? 'unit' : name
  const env = {
    ...process.env,
    // Hundreds of processes load the same modules.
    NODE_COMPILE_CACHE: join(process.cwd(), 'node_modules/.cache/node'),
    ...(Number.isFinite(deadline) && { TEST_LEFT_MS: String(Math.max(0, deadline - Date.now())) }),
    ...(isThen && environmentAt(nastiest, new Date())),
  }
  const projects = ['--project', suite, '--project', `${suite}-*`]
  const deadlines = `--reporter=${join(import.meta.dirname, 'deadline.ts')}`
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`, deadlines]
  return new Promise((resolve) => {
    const child = spawn('vitest', ['run', ...projects, ...reporters, ...rest], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    })
    const leftMs = deadline + LAST_HOOKS_MS - Date.now()
    const end = Number.isFinite(leftMs) ? setTimeout(() => child.kill(), leftMs) : undefined
    child.once('error', () => {
      resolve(1)
    })
    child.once('close', (code) => {
      clearTimeout(end)
      resolve(code ?? 1)
    })
  })
}
