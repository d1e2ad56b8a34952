/** `logs`: of every pod of a BatchSender, in one stream. */
import type { Call, Exit, Io, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pod } from '../../src/vocabulary/kinds.ts'
import { COMPONENT, INSTANCE, PART_OF } from '../../src/vocabulary/labels.ts'
import { EXIT } from '../cli/verb.ts'
import { Failure } from '../cli/failure.ts'
import { durationMs, wholeNumber } from '../cli/parse.ts'
import { senderNamed } from '../cluster/senders.ts'
import { lineOf, readable, type Line } from '../logs/line.ts'
import { isGone, keyOf, linesOf, sourcesIn, type Range, type Source } from '../logs/read.ts'
import { paintWith, type Paint } from '../text/paint.ts'

const COMPONENTS = ['worker', 'nats', 'migration', 'backup', 'verify', 'retention'] as const
const STANDARD_TAIL = 200
const LOOK_EVERY_MS = 2_000

export const logs: Verb = {
  name: 'logs',
  summary: 'what all pods say, in one stream',
  doc: [
    'Of every pod of the BatchSender, in the order of time, each line with the pod that said it. Lines in JSON are put into words: time, level, message, and everything else as name=value.',
  ],
  operand: 'needed',
  options: [
    { name: 'component', value: 'PART', choices: COMPONENTS, doc: 'Of one part alone.' },
    { name: 'follow', short: 'f', doc: 'Go on, with pods that come, until Ctrl-C.' },
    { name: 'since', value: 'DURATION', doc: 'Not older than that, such as 90s or 1h.' },
    {
      name: 'tail',
      value: 'LINES',
      doc: `At most so many of each container from the end; ${STANDARD_TAIL} is the standard.`,
    },
    { name: 'raw', doc: 'Lines as they were written.' },
  ],
  examples: [
    { what: 'The last lines of everybody', command: 'logs orders' },
    { what: 'Workers, as they go', command: 'logs orders --component worker -f' },
    { what: 'Why did the last backup fail?', command: 'logs orders --component backup --since 24h' },
    { what: 'For another program', command: 'logs orders --raw --tail 10000' },
  ],
  exits: ['0: told', '1: there are no pods, or they may not be read', '2: the command was not understood'],
  run,
}

async function run(call: Call): Promise<Exit> {
  const { operand = '', flags, io } = call
  const range = rangeOf(call)
  const cluster = await call.cluster()
  await senderNamed(cluster, operand)
  const tell = teller(io, { raw: flags.is('raw'), paint: paintWith(io.colour) })
  const component = flags.text('component')
  const pods = () => podsOf(cluster, operand, component)
  if (flags.is('follow')) return followed(cluster, pods, range, { tell, io })
  const found = await pods()
  if (found.length === 0) throw new Failure(none(operand, component))
  const sources = sourcesIn(found)
  if (sources.length === 0)
    throw new Failure(
      `no container of ${found.map(({ metadata }) => metadata.name).join(', ')} has begun: kubectl describe pods says why`,
    )
  for (const { source, line } of merged(
    await Promise.all(sources.map((source) => allOf(cluster, source, range))),
  ))
    tell(source, line)
  return EXIT.done
}

const none = (name: string, component: string | undefined) =>
  component === undefined
    ? `BatchSender ${name} has no pods: kubectl batchsender status ${name} says why`
    : `BatchSender ${name} has no pods of the part ${component}; finished ones are kept for a while only`

function rangeOf({ flags }: Call): Range {
  const since = flags.text('since')
  const tail = flags.text('tail')
  return {
    tailLines: tail === undefined ? STANDARD_TAIL : wholeNumber('--tail', tail),
    ...(since !== undefined && {
      sinceSeconds: Math.max(1, Math.ceil(durationMs('--since', since) / 1_000)),
    }),
  }
}

export function podsOf(
  cluster: Cluster,
  name: string,
  component?: string,
): Promise<readonly KubernetesObject[]> {
  const part = component === undefined ? '' : `,${COMPONENT}=${component}`
  const labels = `${INSTANCE}=${name},${PART_OF}=batchsender${part}`
  return cluster.list(Pod, cluster.namespace, { labels })
}

interface Told {
  readonly source: Source
  readonly line: Line
}

async function allOf(cluster: Cluster, source: Source, range: Range): Promise<readonly Told[]> {
  const lines: Told[] = []
  try {
    for await (const raw of linesOf(cluster, source, range)) lines.push({ source, line: lineOf(raw) })
  } catch (error) {
    if (!isGone(error)) throw error
  }
  return lines
}

/** In the order of time; those of one container stay in theirs. */
function merged(all: readonly (readonly Told[])[]): readonly Told[] {
  return all
    .flat()
    .toSorted((left, right) => (left.line.at < right.line.at ? -1 : left.line.at > right.line.at ? 1 : 0))
}

type Tell = (source: Source, line: Line) => void

function teller(io: Io, { raw, paint }: { readonly raw: boolean; readonly paint: Paint }): Tell {
  return (source, line) => {
    io.out(`${paint('faint', keyOf(source))} ${raw ? line.text : readable(line)}\n`)
  }
}

/** Pods come and go: they are looked for again and again, and each container is followed once. */
async function followed(
  cluster: Cluster,
  pods: () => Promise<readonly KubernetesObject[]>,
  range: Range,
  { tell, io }: { readonly tell: Tell; readonly io: Io },
): Promise<Exit> {
  const open = new Map<string, Promise<void>>()
  let failure: unknown
  while (!io.signal.aborted && failure === undefined) {
    for (const source of sourcesIn(await pods())) {
      const key = keyOf(source)
      if (open.has(key)) continue
      open.set(
        key,
        one(cluster, source, { ...range, follow: true }, tell).catch((error: unknown) => {
          if (!io.signal.aborted) failure ??= error
        }),
      )
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => undefined)
  }
  if (failure !== undefined) throw failure as Error
  return EXIT.done
}

async function one(cluster: Cluster, source: Source, range: Range, tell: Tell): Promise<void> {
  try {
    for await (const raw of linesOf(cluster, source, range)) tell(source, lineOf(raw))
  } catch (error) {
    if (!isGone(error)) throw error
  }
}
