/** What `make bench-operator` was asked for. */
import { CONTESTANTS, ours, type Contestant } from './contestants.ts'
import { FULL, QUICK, type Durations } from './durations.ts'
import { FAULT_NAMES, type FaultName } from './scenarios/faults.ts'
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.ts'

export interface Settings {
  readonly count: number
  readonly rounds: number
  readonly contestants: readonly Contestant[]
  readonly scenarios: readonly ScenarioName[]
  /** Scenarios that the others are spared: a quick run takes minutes as it is. */
  readonly forOurs: readonly ScenarioName[]
  readonly faults: readonly FaultName[]
  readonly durations: Durations
  readonly pace: 'quick' | 'full'
  /** Whether the result goes into the documentation. */
  readonly documents: boolean
  /** The command that asks for the same. */
  readonly command: string
}

/** Minutes for each contestant, even in a quick run. */
const LONG: readonly ScenarioName[] = ['handover', 'faults', 'foreignSecrets']

type Environment = Readonly<Record<string, string | undefined>>

/** @param profiles folder for the profiles that PROFILE=1 asks for. @throws Error naming what is not understood. */
export function settingsOf(environment: Environment, profiles: string): Settings {
  const isSet = (name: string) => !['', '0', undefined].includes(environment[name])
  const all = isSet('PROFILE') ? [ours(profiles), ...CONTESTANTS.slice(1)] : CONTESTANTS
  const only = listed(
    environment,
    'ONLY',
    all.map(({ name }) => name),
  )
  const scenarios = listed(environment, 'SCENARIOS', SCENARIO_NAMES)
  const isFull = isSet('FULL')
  return {
    count: natural(environment, 'N', 100),
    rounds: natural(environment, 'ROUNDS', 3),
    contestants: all.filter(({ name }) => only.includes(name)),
    scenarios,
    forOurs: isFull || isSet('SCENARIOS') ? [] : LONG,
    faults: listed(environment, 'FAULTS', FAULT_NAMES),
    durations: isFull ? FULL : QUICK,
    pace: isFull ? 'full' : 'quick',
    documents: isFull || isSet('DOCS'),
    command: ['make bench-operator', ...words(environment)].join(' '),
  }
}

function listed<Name extends string>(
  environment: Environment,
  variable: string,
  known: readonly Name[],
): readonly Name[] {
  const wanted = (environment[variable] ?? '').split(',').filter(Boolean)
  const unknown = wanted.filter((name) => !known.some((each) => each === name))
  if (unknown.length > 0)
    throw new Error(`${variable} names ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return wanted.length === 0 ? known : known.filter((name) => wanted.includes(name))
}

function natural(environment: Environment, name: string, standard: number): number {
  const value = Number(environment[name] ?? standard)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number above 0`)
  return value
}

function words(environment: Environment): readonly string[] {
  return ['N', 'ROUNDS', 'ONLY', 'SCENARIOS', 'FAULTS', 'FULL', 'DOCS'].flatMap((name) => {
    const value = environment[name] ?? ''
    return value === '' ? [] : [`${name}=${value}`]
  })
}
