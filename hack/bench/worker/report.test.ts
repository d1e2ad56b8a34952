import { describe, expect, it } from 'vitest'
import type { Result } from './report.ts'
import { render } from './report.ts'

const drained = (contestant: string, round: number, mailsPerSecond: number): Result => ({
  contestant,
  round,
  drain: { mailsPerSecond, cpuSecondsPerThousand: 1 },
})
const contestants = ['bare nodemailer', 'ours', 'other'].map((name) => ({ name, settings: 'default' }))
const conditions = { count: 1_000, crashCount: 500, rounds: 3, machine: '2 × x', versions: { Node: '24' } }

describe('the table', () => {
  it('holds medians, spreads and the ratio to nodemailer alone', () => {
    const results = [
      ...[900, 1_000, 1_100].map((rate, index) => drained('bare nodemailer', index + 1, rate)),
      ...[850, 950, 870].map((rate, index) => drained('ours', index + 1, rate)),
    ]
    const text = render(results, contestants, conditions)
    expect(text).toContain('| ours | default | 870 (850–950) | 0.87 | 1.00 (1.00–1.00) |')
    expect(text).toContain('| other | default | – | – | – |')
  })

  it('adds up what was lost over all kills, and says who did not come to an end', () => {
    const crash = { duplicates: 1, missing: 2, uncertain: 3, seconds: 9 }
    const crashed = { ...drained('ours', 1, 1), crashes: [0.2, 0.4].map((share) => ({ share, ...crash })) }
    const text = render(
      [crashed, { contestant: 'other', round: 1, fault: 'no end' }],
      contestants,
      conditions,
    )
    expect(text).toContain('| ours | 2 | 4 | 6 |')
    expect(text).toContain('- other, round 1: no end')
  })
})
