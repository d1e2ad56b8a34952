/** `status`: conditions, checks and figures, with what to do next. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT } from '../cli/verb.ts'
import { misuse } from '../cli/failure.ts'
import { senderNamed, sendersIn, type Seen } from '../cluster/senders.ts'
import { pictureOf, type Picture } from '../status/picture.ts'
import { overviewText, statusText } from '../status/text.ts'
import { paintWith } from '../text/paint.ts'
import { jsonText, OUTPUT } from './output.ts'

const LOOK_EVERY_MS = 2_000

export const status: Verb = {
  name: 'status',
  summary: 'conditions, checks and figures, with what to do next',
  doc: [
    'Tells of one BatchSender every condition and check of its status with the evidence, and for each that is not as it should be what to do next and where it is written. Without NAME one line for each in the namespace.',
  ],
  operand: 'optional',
  options: [
    { name: 'all-namespaces', short: 'A', doc: 'Of every namespace, one line for each.' },
    { name: 'watch', short: 'w', doc: 'Again whenever it changed, until it is ended by Ctrl-C.' },
    OUTPUT,
  ],
  examples: [
    { what: 'What is the matter with orders?', command: 'status orders' },
    { what: 'All of a namespace, and all there are', command: 'status -n mail' },
    { what: 'The same for every namespace', command: 'status -A' },
    { what: 'In a script: 0 when it is Ready', command: 'status orders -o json' },
  ],
  exits: [
    '0: all that was asked for are Ready',
    '1: one is not, or it could not be asked',
    '2: the command was not understood',
  ],
  run,
}

async function run(call: Call): Promise<Exit> {
  const { operand, flags, io } = call
  if (operand !== undefined && flags.is('all-namespaces'))
    throw misuse(`either the name ${operand} or -A: kubectl batchsender status -A`)
  const cluster = await call.cluster()
  let last = ''
  for (;;) {
    const pictures = (await looked(call, cluster)).map(pictureOf)
    const text = textOf(call, pictures)
    if (text !== last) io.out(text)
    last = text
    if (!flags.is('watch')) return pictures.every(({ ready }) => ready === 'True') ? EXIT.done : EXIT.failed
    if (!(await paused(io.signal))) return EXIT.done
  }
}

async function looked({ operand, flags }: Call, cluster: Cluster): Promise<readonly Seen[]> {
  if (operand !== undefined) return [await senderNamed(cluster, operand)]
  return sendersIn(cluster, flags.is('all-namespaces') ? undefined : cluster.namespace)
}

function textOf({ operand, flags, io }: Call, pictures: readonly Picture[]): string {
  const [first] = pictures
  if (flags.text('output') === 'json') return jsonText(operand === undefined ? pictures : first)
  if (operand !== undefined && first) return statusText(first, io.columns, paintWith(io.colour))
  if (!first) return 'there are no BatchSenders here: kubectl batchsender status -A looks everywhere\n'
  return overviewText(pictures, io.columns, flags.is('all-namespaces'))
}

async function paused(signal: AbortSignal): Promise<boolean> {
  await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
