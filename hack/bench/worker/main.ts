/** `make bench-worker COUNT=20000 ROUNDS=3 SCENARIOS=drain,scale`: our worker beside queues for Node, in one invocation. */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { repositoryDir } from '../../cluster/paths.ts'
import { writeDocsSection } from '../docsSection.ts'
import { benchmark, SCENARIOS } from './benchmark.ts'
import { CONTESTANTS, versionOf } from './contestants.ts'
import { render } from './report.ts'
import { faultsIn } from './results.ts'

const FULL = { count: 20_000, rounds: 3 }

const count = natural('COUNT', FULL.count)
const settings = {
  count,
  lateCount: natural('LATE_COUNT', Math.max(1_000, Math.ceil(count / 4))),
  crashCount: natural('CRASH_COUNT', 5_000),
  scaleCount: natural('SCALE_COUNT', Math.max(5_000, Math.ceil(count / 4))),
  fairnessCount: natural('FAIRNESS_COUNT', 15_000),
  campaignCount: natural('CAMPAIGN_COUNT', 1_000_000),
  campaignSent: 100_000,
  historyCount: natural('HISTORY_COUNT', 5_000_000),
  acceptSeconds: natural('ACCEPT_SECONDS', 20),
  busyLot: 5_000,
  floodSeconds: natural('FLOOD_SECONDS', 60),
  floodPerSecond: natural('FLOOD_PER_SECOND', 1_000),
  rounds: natural('ROUNDS', FULL.rounds),
}
const scenarios = chosen('SCENARIOS', SCENARIOS, (name) => name)
const contestants = chosen('ONLY', CONTESTANTS, ({ name }) => name)

const results = await benchmark({
  ...settings,
  scenarios,
  contestants,
  tell: (line) => {
    console.error(line)
  },
})
const conditions = { ...settings, machine: machine(), versions: versions(), command: command() }
const folder = join(repositoryDir, '.run/bench-worker')
await mkdir(folder, { recursive: true })
const markdown = render(results, contestants, conditions)
const json = JSON.stringify({ ...conditions, scenarios, ...results }, null, 2)
await writeFile(join(folder, 'results.json'), `${json}\n`)
await writeFile(join(folder, 'results.md'), markdown)
console.log(`\n${markdown}\nwritten to ${folder}`)
if (isFull() || process.env['DOCS'] === '1') await writeDocsSection('worker', markdown)
process.exitCode = faultsIn(results).length > 0 ? 1 : 0

function natural(name: string, standard: number): number {
  const text = process.env[name] ?? ''
  if (text !== '' && !/^\d+$/.test(text)) throw new Error(`${name} is not a number: ${text}`)
  return text === '' ? standard : Number(text)
}

function chosen<Value>(
  variable: string,
  all: readonly Value[],
  nameOf: (value: Value) => string,
): readonly Value[] {
  const names = (process.env[variable] ?? '').split(',').filter(Boolean)
  const unknown = names.filter((name) => !all.some((each) => nameOf(each) === name))
  if (unknown.length > 0)
    throw new Error(`${variable} names ${unknown.join(', ')}; there are ${all.map(nameOf).join(', ')}`)
  return names.length === 0 ? all : all.filter((each) => names.includes(nameOf(each)))
}

function isFull(): boolean {
  return (
    scenarios.length === SCENARIOS.length &&
    contestants.length === CONTESTANTS.length &&
    settings.count >= FULL.count &&
    settings.rounds >= FULL.rounds
  )
}

function machine(): string {
  const processors = cpus()
  const model = processors[0]?.model ?? 'processor'
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`
  return `${processors.length} × ${model}, ${memory}, Linux ${release()}; PostgreSQL with fsync, all on this machine`
}

function versions(): Readonly<Record<string, string>> {
  const packages = contestants.flatMap(({ package: name }) => (name === undefined ? [] : [name]))
  return {
    Node: process.versions.node,
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  }
}

function command(): string {
  const sizes = {
    COUNT: settings.count,
    LATE_COUNT: settings.lateCount,
    CRASH_COUNT: settings.crashCount,
    SCALE_COUNT: settings.scaleCount,
    FAIRNESS_COUNT: settings.fairnessCount,
    CAMPAIGN_COUNT: settings.campaignCount,
    HISTORY_COUNT: settings.historyCount,
    ACCEPT_SECONDS: settings.acceptSeconds,
    FLOOD_SECONDS: settings.floodSeconds,
    FLOOD_PER_SECOND: settings.floodPerSecond,
    ROUNDS: settings.rounds,
  }
  const texts = Object.entries(sizes).map(([name, value]) => `${name}=${value}`)
  const choices = ['SCENARIOS', 'ONLY'].flatMap((name) =>
    (process.env[name] ?? '') === '' ? [] : [`${name}='${process.env[name] ?? ''}'`],
  )
  return ['make bench-worker', ...texts, ...choices].join(' ')
}
