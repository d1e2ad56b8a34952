/** `make bench-operator N=100 ROUNDS=1`: our runtime beside other frameworks; results as JSON and Markdown. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { repositoryDir } from '../../cluster/paths.ts'
import { writeDocsSection } from '../docsSection.ts'
import { benchmark, type Run } from './benchmark.ts'
import { machine, versions } from './conditions.ts'
import { CONTESTANTS } from './contestants.ts'
import { render, type Conditions } from './report.ts'
import { settingsOf } from './settings.ts'

const folder = join(repositoryDir, '.run/bench-operator')
await mkdir(folder, { recursive: true })
const settings = settingsOf(process.env, join(folder, 'profiles'))
const beganAt = performance.now()
const { runs, absent } = await benchmark({
  ...settings,
  onScenario: (contestant, round, scenario) => {
    console.error(`${minutes()} round ${round}: ${contestant}: ${scenario}`)
  },
  onRun: tell,
})
const conditions: Conditions = {
  ...settings,
  machine: machine(),
  versions: await versions(),
  absent: [
    ...absent,
    ...CONTESTANTS.filter(({ name }) => !settings.contestants.some((each) => each.name === name)).map(
      ({ name }) => `${name}: left out by ONLY`,
    ),
  ],
}
const markdown = render(runs, conditions)
const { scenarios, durations } = settings
await writeFile(
  join(folder, 'results.json'),
  `${JSON.stringify({ ...pick(conditions), scenarios, durations, runs }, null, 2)}\n`,
)
await writeFile(join(folder, 'results.md'), markdown)
if (settings.documents) await writeDocsSection('operator', markdown)
console.log(`\n${markdown}\n${minutes()}: written to ${folder}`)
process.exitCode = runs.some(({ contestant, fault }) => contestant === 'ours' && fault !== undefined) ? 1 : 0

function pick({ count, rounds, pace, machine: on, versions: of, absent: without, command }: Conditions) {
  return { count, rounds, pace, machine: on, versions: of, absent: without, command }
}

function tell({ contestant, round, burst, fault }: Run): void {
  const words =
    fault === undefined ? `${burst?.objectsPerSecond.toFixed(0) ?? 'no'} objects/s` : `failed: ${fault}`
  console.error(`${minutes()} round ${round}: ${contestant}: ${words}`)
}

function minutes(): string {
  const seconds = Math.round((performance.now() - beganAt) / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
