/**
 * The operator benchmark at a tiny size: that it works, not how fast anybody is. What needs Python, Java or packages of
 * its own is left to `make bench-operator`.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Durations } from '../../hack/bench/operator/durations.ts'
import { benchmark, type Result, type Run } from '../../hack/bench/operator/benchmark.ts'
import { CONTESTANTS } from '../../hack/bench/operator/contestants.ts'
import {
  FAULT_NAMES,
  type FaultName,
  type FaultsFigures,
} from '../../hack/bench/operator/scenarios/faults.ts'
import { SCENARIO_NAMES, type ScenarioName } from '../../hack/bench/operator/scenarios.ts'

const COUNT = 4
const OTHERS = ['controller-runtime-create-16', 'controller-runtime-apply', 'informer']
const TINY: Durations = {
  noiseMs: 1_000,
  steadyMs: { ours: 1_000, others: 1_000 },
  blackHoleMs: 1_500,
  throttledMs: 3_000,
  aftermathMs: 3_500,
  patienceMs: 20_000,
  foreignSecrets: 2,
}

const named = (names: readonly string[]) => CONTESTANTS.filter(({ name }) => names.includes(name))

const LONGEST: readonly ScenarioName[] = ['faults']

let others: Result
let ours: Run

/** Side by side: most of it is waiting. */
beforeAll(async () => {
  const measure = (
    names: readonly string[],
    scenarios: readonly ScenarioName[],
    faults: readonly FaultName[] = FAULT_NAMES,
  ) => benchmark({ contestants: named(names), count: COUNT, rounds: 1, durations: TINY, scenarios, faults })
  const [measured, rest, ...longest] = await Promise.all([
    measure(OTHERS, ['burst', 'coldStart', 'heal']),
    measure(
      ['ours'],
      SCENARIO_NAMES.filter((name) => !LONGEST.includes(name)),
    ),
    measure(['ours'], LONGEST, FAULT_NAMES.slice(0, 2)),
    measure(['ours'], LONGEST, FAULT_NAMES.slice(2)),
  ])
  others = measured
  const runs = [rest, ...longest].flatMap((result) => result.runs)
  const [first] = runs
  if (!first) throw new Error('ours did not run')
  const faults = Object.assign({}, ...runs.map((run) => run.faults ?? {})) as FaultsFigures
  ours = { ...first, faults, fault: runs.flatMap(({ fault }) => fault ?? []).join('\n') }
})

describe('the operator benchmark', () => {
  const of = (name: string) => others.runs.find(({ contestant }) => contestant === name)

  it.each(OTHERS)('measures %s', (name) => {
    expect(of(name)?.fault).toBeUndefined()
    expect(of(name)).toMatchObject({
      burst: { requests: { writes: expect.any(Number) as number } },
      coldStart: { requests: { total: expect.any(Number) as number } },
      heal: { deleted: { samples: COUNT }, edited: { samples: COUNT }, massDelete: { children: 5 } },
    })
  })

  it('says why a contestant has no figures', async () => {
    const broken = {
      name: 'broken',
      settings: 'ends at once',
      prepare: () => Promise.resolve({ program: process.execPath, args: ['-e', 'process.exit(3)'] }),
    }
    const missing = {
      ...broken,
      name: 'missing',
      prepare: () => Promise.reject(new Error('no such package')),
    }
    const { runs, absent } = await benchmark({ contestants: [broken, missing], count: 1, rounds: 1 })
    expect(runs.map(({ contestant }) => contestant)).toEqual(['broken'])
    expect(runs[0]?.fault).toContain('it ended with 3')
    expect(runs[0]?.burst).toBeUndefined()
    expect(absent).toEqual(['missing did not install: no such package'])
  })
})

describe('every scenario of ours', () => {
  it('comes to its end', () => {
    expect(ours.fault).toBe('')
    for (const name of SCENARIO_NAMES) expect(ours).toHaveProperty(name)
  })

  it('counts six writes for each object, no reads, and none after a restart', () => {
    expect(ours.burst?.requests).toMatchObject({ total: 6 * COUNT, writes: 6 * COUNT })
    expect(ours.coldStart?.requests).toEqual({
      total: 6,
      writes: 0,
      byKind: {
        'watch benches': 1,
        'watch secrets': 1,
        'watch configmaps': 1,
        'watch networkpolicies': 1,
        'watch cronjobs': 1,
        'watch deployments': 1,
      },
    })
  })

  it('sees no write where nothing is to be done', () => {
    expect(ours.steady).toMatchObject({ seconds: 1, writes: 0 })
    expect(ours.noise?.requests.writes).toBe(0)
    expect(ours.noise?.updates).toBeGreaterThan(0)
  })

  it('inflicts every fault, and sees it recover in the same process', () => {
    const faults = ours.faults
    expect(Object.keys(faults ?? {})).toEqual(FAULT_NAMES)
    for (const name of FAULT_NAMES) {
      expect(faults?.[name], name).toMatchObject({ alive: true, blindSeconds: expect.any(Number) as number })
      expect(faults?.[name]?.deletions, name).toBeGreaterThan(0)
    }
    expect(faults?.throttled?.throttled).toBeGreaterThan(0)
  })

  it('hands over, and weighs a process beside foreign Secrets', () => {
    expect(ours.handover).toMatchObject({
      cleanSeconds: expect.any(Number) as number,
      killedSeconds: expect.any(Number) as number,
    })
    expect(ours.foreignSecrets).toMatchObject({ secrets: 2, residentMiB: expect.any(Number) as number })
  })
})
