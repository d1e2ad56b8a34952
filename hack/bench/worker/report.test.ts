import { describe, expect, it } from 'vitest'
import type { Result, Results } from './results.ts'
import { render } from './report.ts'

const drained = (contestant: string, round: number, mailsPerSecond: number): Result => ({
  contestant,
  round,
  drain: { mailsPerSecond, cpuSecondsPerThousand: 1, toAcceptMs: { p50: 500, p99: 990 }, ...written },
})
const written = { peakMiB: 100, walBytes: 1_500, statements: 0.2 }
const contestants = ['bare nodemailer', 'ours', 'other'].map((name) => ({ name, settings: 'default' }))
const conditions = {
  count: 1_000,
  lateCount: 250,
  crashCount: 500,
  scaleCount: 500,
  fairnessCount: 15_000,
  campaignCount: 1_000_000,
  campaignSent: 100_000,
  historyCount: 5_000_000,
  acceptSeconds: 20,
  floodSeconds: 60,
  floodPerSecond: 1_000,
  rounds: 3,
  machine: '2 × x',
  versions: { Node: '24' },
  command: 'make bench-worker',
}
const only = (results: readonly Result[], more: Partial<Results> = {}): Results => ({
  contestants: results,
  accepts: [],
  scales: [],
  fairness: [],
  histories: [],
  campaigns: [],
  floods: [],
  faults: [],
  ...more,
})

describe('the table', () => {
  it('holds medians, spreads and the ratio to nodemailer alone', () => {
    const results = [
      ...[900, 1_000, 1_100].map((rate, index) => drained('bare nodemailer', index + 1, rate)),
      ...[850, 950, 870].map((rate, index) => drained('ours', index + 1, rate)),
    ]
    const text = render(only(results), contestants, conditions)
    expect(text).toContain(
      '| ours | default | 870 (850–950) | 0.87 | 1.000 (1.000–1.000) | 500 (500–500) | 990 (990–990) | 100 (100–100) | 1500 (1500–1500) | 0.20 (0.20–0.20) |',
    )
    expect(text).toContain('| other | default | – | – | – | – | – | – | – | – |')
    expect(text).toContain('again with `make bench-worker`')
  })

  it('adds up what was lost over all kills, and says who did not come to an end', () => {
    const crash = { duplicates: 1, missing: 2, uncertain: 3, seconds: 9 }
    const crashed = { ...drained('ours', 1, 1), crashes: [0.2, 0.4].map((share) => ({ share, ...crash })) }
    const text = render(
      only([crashed, { contestant: 'other', round: 1, fault: 'no end' }], { faults: ['scale: none'] }),
      contestants,
      conditions,
    )
    expect(text).toContain('| ours | 2 | 4 | 6 |')
    expect(text).toContain('- other, round 1: no end\n- scale: none')
  })

  it('tells what ours does by itself', () => {
    const accepted = { batches: 340, p50Ms: 9, p95Ms: 40, p99Ms: 60, mailsPerSecond: 900 }
    const fairness = [{ maxPerSecond: 100, workers: 2, smallSeconds: 0.5, alone: 100, beside: 98 }]
    const today = { mailsPerSecond: 1_000, p95Ms: 10 }
    const histories = [{ empty: today, beside: { mailsPerSecond: 950, p95Ms: 12 } }]
    const campaigns = [
      {
        rowsPerSecond: 40_000,
        copyRowsPerSecond: 80_000,
        startSeconds: 0.5,
        mailsPerSecond: 5_000,
        p95Ms: 4,
        smallP95Ms: 3,
        peakMiB: 150,
        bytesWaiting: 400,
        bytesOfSending: 300,
      },
    ]
    const own = { accepts: [accepted], scales: [[240, 480]], fairness, histories, campaigns }
    const text = render(only([], own), [], conditions)
    expect(text).toContain('| 40000 | 80000 | 0.50 | 0.5 | 5000 | 4.0 | 3.0 | 150 | 400 | +300 |')
    expect(text).toContain('| mails/s | 1000 | 950 | 0.95 |\n| API p95 ms | 10.0 | 12.0 | 1.20 |')
    expect(text).toContain('| 9.0 | 40.0 | 60.0 | 900 |')
    expect(text).toContain('| 240 | 480 | 2.00 |')
    expect(text).toContain('| 100 | 2 | 0.50 | 100.0 | 98.0 | 0.98 |')
    expect(text).not.toContain('A full queue')
  })
})
