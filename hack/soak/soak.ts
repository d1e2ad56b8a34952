/** Random edits and faults at the product's runtime: it ends in the desired state, and holds no more than before. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './faults.ts'
import { faultsOf } from '../bench/operator/checker.ts'
import { startContestant, type RunningContestant } from '../bench/operator/contestant.ts'
import { ours } from '../bench/operator/contestants.ts'
import { VITALS, type Vitals } from '../bench/operator/contestants/ours/vitals.ts'
import { CHILD_KINDS } from '../bench/operator/fixture.ts'
import { NAMESPACE, startPlane, type Plane } from '../bench/operator/plane.ts'
import { Editor } from './edits.ts'
import { extremeOf, leaksOf } from './leaks.ts'
import { randomFrom, type Random } from './random.ts'

export interface SoakOptions {
  readonly seed: number
  readonly seconds: number
  readonly objects: number
  /** Each is inflicted once, in any order, before one comes again. */
  readonly faults: readonly Fault[]
  /** How long it may take to come to rest; a key that failed often waits up to five minutes. */
  readonly patienceMs: number
  readonly say?: (line: string) => void
}

export interface SoakResult {
  readonly edits: number
  readonly faults: readonly string[]
  readonly warm: Vitals
  readonly end: Vitals
  readonly leaks: readonly string[]
}

const USER = 'ours-soak'
const WARM_UP_SHARE = 0.2
const BETWEEN_EDITS_MS = 30
const LONGEST_CALM_MS = 2_000
const LOOKS = 4
/** Each kind has a connection of its own, which may be missing for a moment when the process is looked at. */
const WATCHES = CHILD_KINDS.length + 1
const BETWEEN_LOOKS_MS = 1_000

/** @throws Error when it does not come to rest in the desired state, or its process ends. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const command = await ours().prepare()
  const plane = await startPlane()
  const contestant = startContestant(
    { ...command, args: ['--expose-gc', ...command.args], env: { VITALS: 'true' } },
    await plane.kubeconfigFor(USER, true),
  )
  try {
    return await Promise.race([play(plane, contestant, options), contestant.failed])
  } catch (error) {
    throw new Error(`with seed ${options.seed}: ${String(error)}\n${contestant.output()}`, { cause: error })
  } finally {
    await contestant.stop()
    await plane.stop()
  }
}

async function play(plane: Plane, contestant: RunningContestant, options: SoakOptions): Promise<SoakResult> {
  const random = randomFrom(options.seed)
  const editor = new Editor(plane, random)
  for (let index = 0; index < options.objects; index += 1) await editor.create()
  await atRest(plane, editor, options.patienceMs)
  const spell = { plane, editor, random, options }
  const warmUp = await disturb(spell, options.seconds * WARM_UP_SHARE)
  await atRest(plane, editor, options.patienceMs)
  const warm = extremeOf(await looksAt(contestant), Math.max)
  options.say?.(`warm: ${JSON.stringify(warm)}`)

  const rest = await disturb(spell, options.seconds * (1 - WARM_UP_SHARE))
  await atRest(plane, editor, options.patienceMs)
  const end = extremeOf(await looksAt(contestant), Math.min)
  options.say?.(`end: ${JSON.stringify(end)}`)
  return {
    edits: warmUp.edits + rest.edits,
    faults: [...warmUp.faults, ...rest.faults],
    warm,
    end,
    leaks: leaksOf(warm, end, { TCPSocketWrap: WATCHES }),
  }
}

interface Spell {
  readonly plane: Plane
  readonly editor: Editor
  readonly random: Random
  readonly options: SoakOptions
}

/** Edits all the time, and one fault after the other, until time is up and each came as often as the others. */
async function disturb({ plane, editor, random, options }: Spell, seconds: number) {
  const end = performance.now() + seconds * 1_000
  const inflicted: string[] = []
  const faults = (async () => {
    let bag: readonly Fault[] = []
    while (performance.now() < end || bag.length > 0) {
      if (bag.length === 0) bag = random.shuffled(options.faults)
      const [fault, ...left] = bag
      bag = left
      await sleep(random.between(100, LONGEST_CALM_MS))
      if (!fault) continue
      options.say?.(fault.name)
      inflicted.push(fault.name)
      await fault.inflict(plane, random)
    }
  })()
  const over = { isOver: false }
  const ended = faults.finally(() => {
    over.isOver = true
  })
  let edits = 0
  while (!over.isOver) {
    // Children that are missing already, and a server that restarts.
    await Promise.race([editor.once().catch(() => undefined), ended])
    edits += 1
    await Promise.race([sleep(BETWEEN_EDITS_MS), ended])
  }
  await ended
  return { edits, faults: inflicted }
}

/** @throws Error naming the first thing that is not as desired. */
async function atRest(plane: Plane, editor: Editor, patienceMs: number): Promise<void> {
  plane.proxy.heal()
  await asDesired(plane, patienceMs)
  await editor.provesSight(patienceMs)
  await asDesired(plane, patienceMs)
  await editor.sweep()
  await plane.untilQuiet(USER)
}

async function asDesired({ observer }: Plane, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs
  for (;;) {
    const wrong = faultsOf(observer.benches(), (kind, name) => observer.get(kind, `${NAMESPACE}/${name}`))
    if (wrong.length === 0) return
    if (performance.now() > end) throw new Error(`not as desired (${wrong.length}): ${wrong[0] ?? ''}`)
    await sleep(100)
  }
}

async function looksAt(contestant: RunningContestant): Promise<[Vitals, ...Vitals[]]> {
  const looks: [Vitals, ...Vitals[]] = [await nextVitals(contestant)]
  while (looks.length < LOOKS) {
    await sleep(BETWEEN_LOOKS_MS)
    looks.push(await nextVitals(contestant))
  }
  return looks
}

async function nextVitals(contestant: RunningContestant): Promise<Vitals> {
  const before = lastVitals(contestant)?.number ?? 0
  contestant.signal('SIGUSR2')
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const vitals = lastVitals(contestant)
    if (vitals && vitals.number > before) return vitals
    await sleep(100)
  }
  throw new Error('it does not tell what it holds')
}

function lastVitals(contestant: RunningContestant): Vitals | undefined {
  const line = contestant
    .output()
    .split('\n')
    .findLast((one) => one.startsWith(VITALS))
  return line === undefined ? undefined : (JSON.parse(line.slice(VITALS.length)) as Vitals)
}
