/** `plan`: what an edit would write and roll, by dry run. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Edit } from '../plan/edit.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { misuse } from '../cli/failure.ts'
import { textOf } from '../cli/files.ts'
import { EXIT } from '../cli/verb.ts'
import { paintWith } from '../text/paint.ts'
import { jsonText, OUTPUT } from './output.ts'

export const plan: Verb = {
  name: 'plan',
  summary: 'what an edit would write and roll, before it is applied',
  doc: [
    "Asks the API server for the object as it would be, with its defaults and rules, and carries the operator's own code out on a copy of the namespace: Jobs and pods are supposed to end well. The API server says by dry run what it would make of each write. Nothing is written.",
    'The content of a Secret is never shown. Without the right to read Secrets, or to patch an object, it says what it could not ask.',
  ],
  operand: 'optional',
  options: [
    {
      name: 'filename',
      short: 'f',
      value: 'FILE',
      doc: 'Manifest with one BatchSender; - reads standard input.',
    },
    {
      name: 'patch',
      short: 'p',
      value: 'JSON',
      doc: 'A merge patch of the BatchSender NAME instead of a file.',
    },
    {
      name: 'server-side',
      doc: 'As kubectl apply --server-side would; the standard where the object was not applied by kubectl apply.',
    },
    { name: 'field-manager', value: 'NAME', doc: 'Of the server-side apply; the standard is kubectl.' },
    { name: 'force-conflicts', doc: 'Take fields over that another manager applied.' },
    OUTPUT,
  ],
  examples: [
    { what: 'What would kubectl apply -f orders.yaml lead to?', command: 'plan -f orders.yaml' },
    {
      what: 'What does another number of workers write?',
      command: `plan orders -p '{"spec":{"worker":{"replicas":3}}}'`,
    },
    { what: 'For a pipeline', command: 'plan -f orders.yaml -o json' },
  ],
  exits: [
    '0: the plan was told',
    '1: the edit would be refused, or somebody could not be asked',
    '2: the command was not understood',
  ],
  run,
}

async function run(call: Call): Promise<Exit> {
  const { io, flags } = call
  const read = await manifestOf(call)
  const cluster = placeOf(call, await call.cluster(), read)
  const [{ foretell }, { asData, printed }] = await Promise.all([
    import('../plan/foretell.ts'),
    import('../plan/print.ts'),
  ])
  const forecast = await foretell(cluster, await editOf(call, cluster, read), io.now())
  io.out(
    flags.text('output') === 'json'
      ? jsonText(asData(forecast))
      : printed(forecast, io.columns, paintWith(io.colour)),
  )
  return EXIT.done
}

/** Before anybody is asked: a file that is not there needs no cluster. */
async function manifestOf({ operand, flags, io }: Call): Promise<Manifest | undefined> {
  const [file, patch] = [flags.text('filename'), flags.text('patch')]
  if ((file === undefined) === (patch === undefined))
    throw misuse('either -f FILE or NAME with -p JSON: kubectl batchsender plan -f orders.yaml')
  if (patch !== undefined && operand === undefined)
    throw misuse(`-p needs the name of the BatchSender: kubectl batchsender plan NAME -p '${patch}'`)
  if (file === undefined) return undefined
  const { manifestIn } = await import('../plan/edit.ts')
  const manifest = manifestIn(await textOf(file, io), file === '-' ? 'standard input' : file)
  const { name } = manifest.metadata
  if (operand !== undefined && operand !== name)
    throw misuse(`${file} is about ${name}, not about ${operand}`)
  return manifest
}

type Manifest = KubernetesObject

function placeOf({ flags }: Call, cluster: Cluster, manifest: Manifest | undefined): Cluster {
  const namespace = manifest?.metadata.namespace
  if (namespace === undefined || namespace === cluster.namespace) return cluster
  const asked = flags.text('namespace')
  if (asked !== undefined)
    throw misuse(`the file says namespace ${namespace} and -n says ${asked}: leave one of them out`)
  return cluster.in(namespace)
}

async function editOf(
  { operand = '', flags }: Call,
  cluster: Cluster,
  manifest: Manifest | undefined,
): Promise<Edit> {
  const { editByManifest, editByPatch } = await import('../plan/edit.ts')
  if (!manifest) return editByPatch(cluster, operand, flags.text('patch') ?? '')
  return editByManifest(cluster, manifest, {
    serverSide: flags.is('server-side'),
    manager: flags.text('field-manager') ?? 'kubectl',
    force: flags.is('force-conflicts'),
  })
}
