import { describe, expect, it } from 'vitest'
import { report } from './report.ts'
import { resourcesOf } from './resources.ts'

const METRICS = `# HELP process_cpu_seconds_total Total CPU time.
process_cpu_seconds_total 1.5
process_resident_memory_bytes 104857600
batchsender_pool_connections{state="idle"} 3
batchsender_pool_wait_seconds_bucket{le="1"} 9
`
const before = resourcesOf(METRICS)
const after = resourcesOf(METRICS.replace('1.5', '4').replace('} 3', '} 1'))

const run = (ok: boolean) => ({
  scenario: 'burst',
  seconds: 10,
  figures: {
    wanted: 170,
    sent: 170,
    kinds: { batch: { right: 202, statuses: { 202: ok ? 170 : 168, ...(!ok && { 503: 2 }) } } },
    trouble: undefined,
    ms: { p50: 5, p95: 9.94, p99: 20, max: 30 },
    lateMs: 0,
  },
  workers: [{ name: 'worker-1', before, after }],
  outcome: { 'at the sink': { is: ok ? 100 : 99, wanted: 100 } },
})

describe('the report of a load', () => {
  it('tells latencies and what the workers used', () => {
    const { lines, missed } = report(run(true))
    expect(missed).toEqual([])
    const text = lines.join('\n')
    expect(text).toContain('170 requests in 10 s (17.0/s), 0 not answered as they should be')
    expect(text).toContain('p50 5.0 ms, p95 9.9 ms, p99 20.0 ms')
    expect(text).toContain('2.5 CPU-s, memory 100 → 100 MiB, pool_connections{state="idle"} 3 → 1')
  })

  it('names each threshold that was missed', () => {
    const { lines, missed } = report(run(false))
    expect(lines[0]).toContain('2 not answered as they should be')
    expect(missed).toEqual([
      'batch answered 202: 168 instead of 170 (168 × 202, 2 × 503)',
      'at the sink: 99 instead of 100',
    ])
    expect(lines.at(-1)).toBe(`  MISSED: ${missed.join('; ')}`)
  })
})
