import { describe, expect, it } from 'vitest'
import type { Run } from './benchmark.ts'
import { due, rotated } from './benchmark.ts'
import { render } from './report.ts'

const requests = { total: 60, writes: 60, byKind: {} }

const run = (contestant: string, round: number, objectsPerSecond: number): Run => ({
  contestant,
  settings: 'default',
  round,
  burst: {
    objectsPerSecond,
    readyMs: { p50: 10, p95: 20, p99: 30 },
    cpuSeconds: 1,
    mostResidentMiB: 70,
    requests,
  },
})

const conditions = {
  count: 10,
  rounds: 3,
  pace: 'quick',
  command: 'make bench-operator N=10',
  machine: 'a machine',
  versions: { Node: '24' },
  absent: ['one: why'],
}

describe('the result', () => {
  it('shows the median and the spread over the rounds', () => {
    const text = render([run('ours', 1, 30), run('ours', 2, 10), run('ours', 3, 20)], conditions)
    expect(text).toContain('| ours | 20 (10–30) | 10 (10–10) |')
  })

  it('shows what was not reached and says why', () => {
    const { burst, ...rest } = run('naive', 1, 1)
    expect(burst).toBeDefined()
    const text = render([run('ours', 1, 1), { ...rest, fault: 'it ended\nwith 1' }], conditions)
    expect(text).toContain('| naive | – | – |')
    expect(text).toContain('- naive, round 1: it ended with 1')
  })

  it('leaves what a program wrote to the JSON', () => {
    const fault = `heal: not in time\n${'a line of its log\n'.repeat(100)}`
    const text = render([run('ours', 1, 1), { ...run('naive', 1, 1), fault }], conditions)
    expect(text).toMatch(/^- naive, round 1: heal: not in time a line of .{60,110}…$/m)
  })

  it('names who does not take part, the machine and the versions', () => {
    const text = render([run('ours', 1, 30)], conditions)
    for (const line of ['- one: why', '- a machine', '- Node 24', 'make bench-operator N=10'])
      expect(text).toContain(line)
  })

  it('compares with ours', () => {
    const text = render([run('ours', 1, 20), run('other', 1, 10)], conditions)
    expect(text).toContain('| ours | 20 | 10 |')
    expect(text).toContain('| other | 10 _×0.50_ | 10 |')
  })

  it('tells a fault that nobody came back from', () => {
    const fault = { alive: true, deletions: 9, duplicates: 1, throttled: 0 }
    const [well, never] = [
      { ...fault, blindSeconds: 0.54 },
      { ...fault, blindSeconds: null },
    ]
    const faults = { reset: well, blackHole: never, compaction: well, throttled: well, restart: well }
    const text = render([{ ...run('ours', 1, 1), faults }], conditions)
    expect(text).toContain('| ours | 0.5 | ∞ | 0.5 | 0.5 | 0.5 | 5 | 0 |')
  })
})

describe('the order', () => {
  it('lets another one begin each round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round)[0])).toEqual(['a', 'b', 'c', 'a'])
  })
})

describe('the scenarios of a round', () => {
  it('begin with the burst, and are all played in the first one alone', () => {
    expect(due(['heal', 'noise'], 1)).toEqual(['burst', 'heal', 'noise'])
    expect(due(['heal', 'noise'], 2)).toEqual(['burst', 'heal'])
  })
})
