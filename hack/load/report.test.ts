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
  summary: {
    metrics: {
      http_reqs: { values: { count: 170 } },
      http_req_duration: {
        values: { 'p(50)': 5, 'p(95)': 9.94, 'p(99)': 20, max: 30 },
        thresholds: { 'p(95)<500': { ok } },
      },
    },
  },
  workers: [{ name: 'worker-1', before, after }],
  outcome: { 'at the sink': { is: ok ? 100 : 99, wanted: 100 } },
})

describe('the report of a load', () => {
  it('tells latencies and what the workers used', () => {
    const { lines, missed } = report(run(true))
    expect(missed).toEqual([])
    const text = lines.join('\n')
    expect(text).toContain('170 requests in 10 s (17.0/s)')
    expect(text).toContain('p50 5.0 ms, p95 9.9 ms, p99 20.0 ms')
    expect(text).toContain('2.5 CPU-s, memory 100 → 100 MiB, pool_connections{state="idle"} 3 → 1')
  })

  it('names each threshold that was missed', () => {
    const { missed } = report(run(false))
    expect(missed).toEqual(['http_req_duration p(95)<500', 'at the sink: 99 instead of 100'])
  })
})
