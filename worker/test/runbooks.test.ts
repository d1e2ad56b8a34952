/** What the runbooks ask a worker and its database: every statement is one of the schema, every path one of the API. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callsIn, runbooks, statementsIn } from '../../hack/docs/runbooks.ts'
import { startRig, type Rig, type WorkerProcess } from './rig.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker()
})
afterAll(() => rig.stop())

const blocks = runbooks().flatMap((book) => book.blocks)
const statements = [...new Set(blocks.flatMap(statementsIn))]
const calls = blocks.flatMap(callsIn)

describe('a statement of a runbook', () => {
  it.each(statements)('%s', async (statement) => {
    // What cannot be explained is harmless, and carried out.
    await rig.sql(/^(SELECT|UPDATE|DELETE|INSERT)\b/.test(statement) ? `EXPLAIN ${statement}` : statement)
  })

  it('is among others', () => {
    expect(statements.length).toBeGreaterThan(10)
  })
})

it('every request of a runbook is one that a worker takes', async () => {
  const described = (await (await fetch(`${worker.api}/openapi.json`)).json()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
  const known = new Map(
    Object.entries(described.paths).map(([path, methods]) => [path.replaceAll(/\{[^}]*\}/g, '{}'), methods]),
  )
  const unknown = calls.filter(
    ({ method, path, internal }) => !internal && known.get(path)?.[method.toLowerCase()] === undefined,
  )
  expect(unknown).toEqual([])
  const inside = [...new Set(calls.filter(({ internal }) => internal).map(({ path }) => path))]
  const answers = await Promise.all(
    inside.map(async (path) => (await fetch(`${worker.internal}${path}`)).status),
  )
  expect(inside.filter((_, index) => answers[index] === 404)).toEqual([])
  expect(inside.length).toBeGreaterThan(2)
})

it('every figure that a runbook greps for is among the metrics of a worker', async () => {
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  const names = blocks.flatMap(({ text }) =>
    [...text.matchAll(/\/metrics" \| grep '\^(batchsender_[a-z_]+)/g)].map(([, name = '']) => name),
  )
  expect(names.length).toBeGreaterThan(2)
  expect(
    names.filter((name) => !metrics.includes(`# TYPE ${name}`) && !metrics.includes(`\n${name}`)),
  ).toEqual([])
})
