/** `make bench-worker COUNT=20000 ROUNDS=3`: our worker beside queues for Node, in one invocation. */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Result } from './report.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { benchmark } from './benchmark.ts'
import { CONTESTANTS, versionOf } from './contestants.ts'
import { render } from './report.ts'

const given = (name: string, standard: number) => {
  const text = process.env[name] ?? ''
  return text === '' ? standard : Number(text)
}
const count = given('COUNT', 20_000)
const crashCount = given('CRASH_COUNT', 5_000)
const rounds = given('ROUNDS', 3)
const only = (process.env['ONLY'] ?? '').split(',').filter(Boolean)
const contestants = CONTESTANTS.filter(({ name }) => only.length === 0 || only.includes(name))

const results = await benchmark({ contestants, count, crashCount, rounds, onResult: tell })
const processors = cpus()
const conditions = {
  count,
  crashCount,
  rounds,
  machine: `${processors.length} × ${processors[0]?.model ?? 'processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}; PostgreSQL with fsync, all on this machine`,
  versions: {
    Node: process.versions.node,
    ...Object.fromEntries(
      contestants.flatMap(({ package: name }) => (name === undefined ? [] : [[name, versionOf(name)]])),
    ),
  },
}
const folder = join(repositoryDir, '.run/bench-worker')
await mkdir(folder, { recursive: true })
const markdown = render(results, contestants, conditions)
await writeFile(join(folder, 'results.json'), `${JSON.stringify({ ...conditions, results }, null, 2)}\n`)
await writeFile(join(folder, 'results.md'), markdown)
console.log(`\n${markdown}\nwritten to ${folder}`)
process.exitCode = results.some(({ fault }) => fault !== undefined) ? 1 : 0

function tell({ contestant, round, drain, crashes = [], fault }: Result): void {
  const lost = crashes.map(
    ({ share, duplicates, missing, uncertain }) => `${share}: ${duplicates}/${missing}/${uncertain}`,
  )
  const crashed = lost.length === 0 ? '' : `; killed at ${lost.join(', ')} (duplicates/missing/uncertain)`
  console.error(
    `round ${round}: ${contestant}: ${fault ?? `${drain?.mailsPerSecond.toFixed(0)} mails/s${crashed}`}`,
  )
}
