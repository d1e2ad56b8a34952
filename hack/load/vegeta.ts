/** Runs vegeta, which is built from its Go module when it is first asked for. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Scenario } from './scenarios/scenario.ts'
import type { Result } from './wire.ts'
import { builtModule } from '../cluster/binaries.ts'
import { LATE_WITHIN_MS } from './figures.ts'
import { resultOf } from './wire.ts'

const MODULE = { folder: 'vegeta', binaries: { vegeta: 'github.com/tsenart/vegeta/v12' } }
/** It had enough, and went before everything was read. */
const GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']

export async function vegetaBinary(): Promise<string> {
  return join(await builtModule('vegeta', MODULE), 'vegeta')
}

/**
 * What is not due in time is not sent at all: it ends with the last line, or when even that would come too late.
 * Redirections are answers like others. Bodies of answers are read and forgotten.
 */
export const attackArguments = (scenario: Scenario, seconds: number): readonly string[] => [
  'attack',
  '-format=json',
  '-lazy',
  `-rate=${scenario.rate}/${scenario.perSeconds}s`,
  `-duration=${seconds * 1_000 + LATE_WITHIN_MS}ms`,
  `-max-workers=${scenario.most}`,
  '-redirects=-1',
  '-max-body=0',
]

/**
 * @param lines of targets, read no faster than they are sent
 * @param fold what to make of the results, which come as the requests end
 * @throws Error when vegeta could not run, with its words on standard error.
 */
export async function attack<T>(
  scenario: Scenario,
  seconds: number,
  lines: Iterable<string>,
  fold: (results: AsyncIterable<Result>) => Promise<T>,
): Promise<T> {
  const program = await vegetaBinary()
  // Without settings of proxies, among others.
  const start = (args: readonly string[]) =>
    spawn(program, args, { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
  const attacking = start(attackArguments(scenario, seconds))
  const encoding = start(['encode', '-to=json'])
  try {
    const [folded] = await Promise.all([
      fold(resultsIn(encoding.stdout)),
      ended(attacking, 'attack'),
      ended(encoding, 'encode'),
      feed(lines, attacking),
      pipeline(attacking.stdout, encoding.stdin),
    ])
    return folded
  } finally {
    for (const child of [attacking, encoding]) child.kill('SIGKILL')
  }
}

async function* resultsIn(output: Readable): AsyncGenerator<Result> {
  for await (const line of createInterface({ input: output })) {
    const result = resultOf(line)
    if (result !== undefined) yield result
  }
}

async function feed(lines: Iterable<string>, { stdin }: ReturnType<typeof spawn>): Promise<void> {
  if (stdin === null) return
  try {
    await pipeline(Readable.from(lines, { highWaterMark: 1 }), stdin)
  } catch (error) {
    if (!GONE.includes((error as NodeJS.ErrnoException).code)) throw error
  }
}

async function ended(child: ChildProcess, command: string): Promise<void> {
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`vegeta ${command} ended with ${code}`)
}
