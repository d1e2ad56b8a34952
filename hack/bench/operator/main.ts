/** `make bench-operator N=100 ROUNDS=1`: our runtime beside other frameworks; results as JSON and Markdown. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Run } from './benchmark.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { benchmark } from './benchmark.ts'
import { ABSENT, CONTESTANTS } from './contestants.ts'
import { render } from './report.ts'

const count = natural('N', 100)
const rounds = natural('ROUNDS', 3)
const only = (process.env['ONLY'] ?? '').split(',').filter(Boolean)
const unknown = only.filter((name) => !CONTESTANTS.some((each) => each.name === name))
if (unknown.length > 0)
  throw new Error(
    `ONLY names ${unknown.join(', ')}; there are ${CONTESTANTS.map(({ name }) => name).join(', ')}`,
  )
const contestants = CONTESTANTS.filter(({ name }) => only.length === 0 || only.includes(name))

const runs = await benchmark({ contestants, count, rounds, onRun: tell })
const conditions = {
  count,
  rounds,
  machine: machine(),
  versions: await versions(),
  absent: [
    ...ABSENT,
    ...CONTESTANTS.filter((each) => !contestants.includes(each)).map(
      ({ name }) => `${name}: left out by ONLY`,
    ),
  ],
}
const folder = join(repositoryDir, '.run/bench-operator')
await mkdir(folder, { recursive: true })
const markdown = render(runs, conditions)
await writeFile(join(folder, 'results.json'), `${JSON.stringify({ ...conditions, runs }, null, 2)}\n`)
await writeFile(join(folder, 'results.md'), markdown)
console.log(`\n${markdown}\nwritten to ${folder}`)
process.exitCode = runs.some(({ contestant, fault }) => contestant === 'ours' && fault !== undefined) ? 1 : 0

function tell({ contestant, round, burst, fault }: Run): void {
  const words = fault === undefined ? `${burst?.objectsPerSecond.toFixed(0)} objects/s` : `failed: ${fault}`
  console.error(`round ${round}: ${contestant}: ${words}`)
}

function natural(name: string, standard: number): number {
  const value = Number(process.env[name] ?? standard)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number above 0`)
  return value
}

function machine(): string {
  const processors = cpus()
  const gibibytes = (totalmem() / 1_073_741_824).toFixed(0)
  return `${processors.length} × ${processors[0]?.model ?? 'processor'}, ${gibibytes} GiB, Linux ${release()}`
}

/** As pinned: what was measured is what is in the work tree. */
async function versions(): Promise<Record<string, string>> {
  const text = (path: string) => readFile(join(import.meta.dirname, 'contestants', path), 'utf8')
  const found = (pattern: RegExp, content: string) => pattern.exec(content)?.[1] ?? 'unknown'
  const client = await readFile(
    join(repositoryDir, 'node_modules/@kubernetes/client-node/package.json'),
    'utf8',
  )
  return {
    Node: process.versions.node,
    'kube-apiserver': found(
      /k8s\.io\/kubernetes v(\S+)/,
      await text('../../../cluster/tools/kubernetes/go.mod'),
    ),
    'controller-runtime': found(
      /sigs\.k8s\.io\/controller-runtime v(\S+)/,
      await text('controllerRuntime/go.mod'),
    ),
    kopf: found(/^kopf==(\S+)/m, await text('kopf/requirements.txt')),
    '@kubernetes/client-node': (JSON.parse(client) as { version: string }).version,
  }
}
