import { describe, expect, it } from 'vitest'
import { VERBS } from '../verbs/index.ts'
import { complete } from './complete.ts'
import type { Failure } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { durationMs, nearest, parse } from './parse.ts'
import { EXIT, type Verb } from './verb.ts'

const verb = (name: string): Verb => {
  const found = VERBS.find((one) => one.name === name)
  if (!found) throw new Error(`no verb ${name}`)
  return found
}

function refusal(name: string, ...args: string[]): string {
  try {
    parse(verb(name), args)
  } catch (error) {
    expect((error as Failure).exit).toBe(EXIT.usage)
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('a command line', () => {
  it('has a name and flags in any order and form', () => {
    for (const args of [
      ['orders', '-f', '--tail', '5', '-n', 'mail'],
      ['-f', '--namespace=mail', 'orders', '--tail=5'],
    ]) {
      const { operand, flags } = parse(verb('logs'), args)
      expect([operand, flags.is('follow'), flags.text('tail'), flags.text('namespace')]).toEqual([
        'orders',
        true,
        '5',
        'mail',
      ])
    }
  })

  it.each([
    [['logs', 'orders', '--folow'], 'logs has no flag --folow, did you mean --follow?'],
    [['logs', 'orders', '--xyzzy'], 'logs has no flag --xyzzy; see kubectl batchsender logs --help'],
    [['logs', 'orders', '--component', 'mailer'], '--component must be worker, nats,'],
    [['seal', '-f', 'a.yaml', '--filename', 'b.yaml'], '--filename is given twice: one value at a time'],
    [['logs', 'orders', '--component'], '--component needs a value: --component PART'],
    [['logs', 'orders', '--follow=yes'], '--follow takes no value: leave out "=yes"'],
    [['logs'], 'the name of a BatchSender is missing: kubectl batchsender logs NAME'],
    [['logs', 'orders', 'others'], 'one name at a time, and "others" is a second one'],
  ])('%j is refused with what to type', ([name = '', ...args], message) => {
    expect(refusal(name, ...args)).toContain(message)
  })

  it('takes durations with their unit', () => {
    expect([durationMs('--since', '90s'), durationMs('--since', '2h')]).toEqual([90_000, 7_200_000])
    expect(() => durationMs('--since', '90')).toThrow(
      '--since must be a duration such as 90s, 5m or 1h, not "90"',
    )
  })

  it('knows a verb that was mistyped from one that is none', () => {
    const names = VERBS.map(({ name }) => name)
    expect([nearest('staus', names), nearest('suport-bundle', names), nearest('frobnicate', names)]).toEqual([
      'status',
      'support-bundle',
      undefined,
    ])
  })
})

describe('help', () => {
  it.each(VERBS.map((one) => [one.name, one] as const))(
    'of %s fits 80 columns and has examples that are understood',
    (name, one) => {
      const lines = helpOf(one, 80).split('\n')
      const commands = lines.filter((line) => line.startsWith('  kubectl batchsender '))
      expect(lines.filter((line) => line.length > 80 && !commands.includes(line))).toEqual([])
      expect(one.examples.length).toBeGreaterThan(1)
      for (const { command } of one.examples) {
        const [first, ...args] =
          command
            .split(' > ')[0]
            ?.match(/'[^']*'|\S+/g)
            ?.map((word) => word.replaceAll("'", '')) ?? []
        expect(first).toBe(name)
        expect(() => parse(one, args)).not.toThrow()
      }
    },
  )

  it('lists every verb within 80 columns', () => {
    const text = overview(VERBS, 80)
    for (const { name } of VERBS) expect(text).toContain(`  ${name} `)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})

describe('completion', () => {
  it('offers verbs, flags and choices, and leaves names to the cluster', () => {
    expect(complete(VERBS, ['st'])).toEqual([`status\t${verb('status').summary}`, ':4'])
    expect(complete(VERBS, ['logs', '--fol'])).toEqual([
      '--follow\tGo on, with pods that come, until Ctrl-C.',
      ':4',
    ])
    expect(complete(VERBS, ['report', '--format', 'h'])).toEqual(['html', ':4'])
    expect(complete(VERBS, ['plan', '-f', ''])).toEqual([':0'])
    expect(complete(VERBS, ['status', 'or'])).toBeUndefined()
  })
})
