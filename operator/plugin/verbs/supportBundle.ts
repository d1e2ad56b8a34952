/** `support-bundle`: what somebody needs who cannot see the cluster, in one file, without secrets. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import { EXIT } from '../cli/verb.ts'
import { Failure } from '../cli/failure.ts'
import { senderNamed } from '../cluster/senders.ts'

export const supportBundle: Verb = {
  name: 'support-bundle',
  summary: 'one file with everything about it, redacted',
  doc: [
    'The object, what belongs to it, events, pods, the last 5,000 lines of each container, the Deployment and log of the operator, versions. Of Secrets only names and sizes of keys; values that look secret, names and passwords in addresses, and addresses of people are masked. What may not be read is listed in it.',
  ],
  operand: 'needed',
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FILE',
      doc: 'Where to; batchsender-NAME-TIME.tar.gz is the standard.',
    },
  ],
  examples: [
    { what: 'Into the present folder', command: 'support-bundle orders' },
    { what: 'Somewhere else', command: 'support-bundle orders -o ../orders.tar.gz' },
  ],
  exits: ['0: the file was written', '1: it could not be', '2: the command was not understood'],
  run,
}

async function run({ operand = '', flags, io, ...call }: Call): Promise<Exit> {
  const [{ collect }, { archiveOf }] = await Promise.all([
    import('../bundle/collect.ts'),
    import('../bundle/archive.ts'),
  ])
  const cluster = await call.cluster()
  const seen = await senderNamed(cluster, operand)
  const at = io.now()
  const { files, unread } = await collect(cluster, seen, at)
  const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
  const folder = `batchsender-${operand}-${stamp}`
  const file = flags.text('output') ?? `${folder}.tar.gz`
  const content = await archiveOf(folder, files, at)
  try {
    await io.writeFile(file, content)
  } catch (error) {
    throw new Failure(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  io.out(`wrote ${file}: ${files.length} files\n`)
  for (const line of unread) io.err(`could not be read: ${line}\n`)
  return EXIT.done
}
