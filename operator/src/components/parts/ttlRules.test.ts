import { describe, expect, it } from 'vitest'
import { deletes, ttlRules } from './ttlRules.ts'

const engine = (clause: string) =>
  `MergeTree PARTITION BY toYYYYMM(event_date) ORDER BY event_date${clause} SETTINGS index_granularity = 8192`

describe('ttlRules', () => {
  it.each<{ why: string; clause: string; rules: string[] }>([
    { why: 'no clause', clause: '', rules: [] },
    {
      why: 'one rule',
      clause: " TTL event_date + toIntervalDay(90) TO DISK 's3'",
      rules: ["event_date + toIntervalDay(90) TO DISK 's3'"],
    },
    {
      why: 'two rules, one with a comma inside',
      clause: " TTL addDays(event_date, 90) TO VOLUME 'cold', event_date + toIntervalYear(7)",
      rules: ["addDays(event_date, 90) TO VOLUME 'cold'", 'event_date + toIntervalYear(7)'],
    },
    {
      why: 'names that look like syntax',
      clause: " TTL d TO DISK 'a, SETTINGS b\\'('",
      rules: ["d TO DISK 'a, SETTINGS b\\'('"],
    },
  ])('reads $why', ({ clause, rules }) => {
    expect(ttlRules(engine(clause))).toEqual(rules)
  })

  it.each([
    { rule: "d TO DISK 's3'", expected: false },
    { rule: "d TO VOLUME 'cold'", expected: false },
    { rule: 'd RECOMPRESS CODEC(ZSTD(9))', expected: false },
    { rule: 'd + toIntervalYear(7)', expected: true },
    { rule: 'd WHERE level = 1', expected: true },
  ])('tells that $rule deletes: $expected', ({ rule, expected }) => {
    expect(deletes(rule)).toBe(expected)
  })
})
