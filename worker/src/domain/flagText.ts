/** Flags as a text in an environment variable: the format of flagd, or `name=value` pairs, which become it. */

interface FlagdFlag {
  readonly state: 'ENABLED'
  readonly variants: Readonly<Record<string, boolean | string>>
  readonly defaultVariant: string
  readonly targeting?: object
}

const ON_AND_OFF = { on: true, off: false }

/**
 * `provider-paused=false, on-uncertain=Resend, wide-claims=25%`: a percentage is on for so many of all batches.
 * @throws Error that names what is no pair.
 */
export function flagdTextOf(text: string): string {
  if (text.trimStart().startsWith('{')) return text
  const pairs = text.split(/[\s,]+/).filter((pair) => pair !== '')
  return JSON.stringify({ flags: Object.fromEntries(pairs.map(flagOf)) })
}

function flagOf(pair: string): [string, FlagdFlag] {
  const [, name, value] = /^([a-z0-9][a-z0-9.-]*)=(.+)$/i.exec(pair) ?? []
  if (name === undefined || value === undefined)
    throw new Error(`"${pair}" is neither name=value nor the format of flagd`)
  return [name, valued(name, value)]
}

function valued(name: string, value: string): FlagdFlag {
  if (value === 'true' || value === 'false')
    return { state: 'ENABLED', variants: ON_AND_OFF, defaultVariant: value === 'true' ? 'on' : 'off' }
  if (!value.endsWith('%')) return { state: 'ENABLED', variants: { [value]: value }, defaultVariant: value }
  const percent = Number(value.slice(0, -1))
  if (!/^\d+%$/.test(value) || percent > 100) throw new Error(`${name}: ${value} is no whole percentage`)
  return {
    state: 'ENABLED',
    variants: ON_AND_OFF,
    defaultVariant: 'off',
    targeting: {
      fractional: [
        ['on', percent],
        ['off', 100 - percent],
      ],
    },
  }
}
