import { describe, expect, it } from 'vitest'
import type { Run } from './benchmark.ts'
import { rotated } from './benchmark.ts'
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
  machine: 'a machine',
  versions: { Node: '24' },
  absent: ['one: why'],
}

describe('the result', () => {
  it('shows the median and the spread over the rounds', () => {
    const text = render([run('ours', 1, 30), run('ours', 2, 10), run('ours', 3, 20)], conditions)
    expect(text).toContain('| ours | default | 20 (10–30) | 10 (10–10) |')
  })

  it('shows what was not reached and says why', () => {
    const { burst, ...rest } = run('naive', 1, 1)
    expect(burst).toBeDefined()
    const text = render([{ ...rest, fault: 'it ended\nwith 1' }], conditions)
    expect(text).toContain('| naive | default | – | – |')
    expect(text).toContain('- naive, round 1: it ended with 1')
  })

  it('names who does not take part, the machine and the versions', () => {
    const text = render([run('ours', 1, 30)], conditions)
    for (const line of ['- one: why', '- a machine', '- Node 24']) expect(text).toContain(line)
  })
})

describe('the order', () => {
  it('lets another one begin each round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round)[0])).toEqual(['a', 'b', 'c', 'a'])
  })
})
