/** `seal`: Secrets into SealedSecrets, which may be kept in Git. */
import type { Call, Exit, Io, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Manifest } from '../seal/manifests.ts'
import { Failure, misuse } from '../cli/failure.ts'
import { fileText, textOf } from '../cli/files.ts'
import { EXIT } from '../cli/verb.ts'
import { senderNamed } from '../cluster/senders.ts'
import { certificateOf, STANDARD } from '../seal/certificate.ts'
import { seal as sealed, SCOPES, type Scope, type Sealed } from '../seal/seal.ts'
import { jsonText } from './output.ts'

export const seal: Verb = {
  name: 'seal',
  summary: 'turn Secrets into SealedSecrets, which may be kept in Git',
  doc: [
    'Reads manifests of Secrets and prints for each a SealedSecret that the controller of Sealed Secrets makes the same Secret of, with its type and labels. Nothing is written into the cluster, and no value is shown, also not when something is wrong with it.',
    'The certificate is asked of the controller through the API server; with --cert and a namespace no cluster is needed. With NAME it tells on standard error which Secrets of that BatchSender are managed by nothing yet (docs/secrets.md).',
  ],
  operand: 'optional',
  options: [
    {
      name: 'filename',
      short: 'f',
      value: 'FILE',
      doc: 'Manifests of Secrets; - reads standard input.',
    },
    {
      name: 'scope',
      value: 'SCOPE',
      choices: SCOPES,
      doc: 'Where it may be opened: under its name in its namespace (strict, the standard), in its namespace, anywhere.',
    },
    {
      name: 'cert',
      value: 'FILE',
      doc: 'Certificate of the controller in PEM, instead of asking for it.',
    },
    {
      name: 'controller-namespace',
      value: 'NAMESPACE',
      doc: `Where the controller is; ${STANDARD.namespace} is the standard.`,
    },
    {
      name: 'controller-name',
      value: 'NAME',
      doc: `Name of its Service; ${STANDARD.name} is the standard.`,
    },
    {
      name: 'output',
      short: 'o',
      value: 'FORMAT',
      choices: ['yaml', 'json'],
      doc: 'YAML is the standard.',
    },
  ],
  examples: [
    { what: 'Ready to be committed', command: 'seal -f smtp.yaml > smtp.sealed.yaml' },
    { what: 'Without a cluster', command: 'seal -f smtp.yaml -n mail --cert sealed-secrets.pem' },
    { what: 'What kubectl create secret --dry-run=client -o yaml prints', command: 'seal -f -' },
    {
      what: 'Another name of the Secret may come later',
      command: 'seal -f smtp.yaml --scope namespace-wide',
    },
    { what: 'Which Secrets are still to be sealed?', command: 'seal orders' },
  ],
  exits: [
    '0: sealed',
    '1: the certificate could not be had or is none, or NAME is not there',
    '2: the command or the file was not understood; nothing was printed',
  ],
  run,
}

async function run(call: Call): Promise<Exit> {
  const { operand, flags, io } = call
  const file = flags.text('filename')
  if (file === undefined && operand === undefined)
    throw misuse('a file with Secrets is missing: kubectl batchsender seal -f secret.yaml')
  const manifests = file === undefined ? [] : await manifestsIn(file, io)
  const { cluster, placed } = await placesOf(call, manifests)
  const certificate = placed.length === 0 ? '' : await certificateFor(call, cluster)
  const objects = placed.map((one) => sealedBy(one, certificate, call))
  const told = operand === undefined ? '' : await toSealNext(await cluster(), operand, objects, io)
  if (objects.length > 0) io.out(await textFor(objects, flags.text('output') ?? 'yaml'))
  io.err(told)
  return EXIT.done
}

async function manifestsIn(file: string, io: Io): Promise<readonly Manifest[]> {
  const { secretsIn } = await import('../seal/manifests.ts')
  return secretsIn(await textOf(file, io), file === '-' ? 'standard input' : file)
}

type Placed = Manifest & { readonly namespace: string }
type Connect = () => Promise<Cluster>

/** Of a file that says every namespace itself no context is needed. */
async function placesOf(
  call: Call,
  manifests: readonly Manifest[],
): Promise<{ readonly placed: readonly Placed[]; readonly cluster: Connect }> {
  const asked = call.flags.text('namespace')
  let opened: Promise<Cluster> | undefined
  const cluster = () => (opened ??= call.cluster())
  const placed: Placed[] = []
  for (const one of manifests) {
    if (one.namespace !== undefined && asked !== undefined && one.namespace !== asked)
      throw misuse(`${one.at} says namespace ${one.namespace} and -n says ${asked}: leave one of them out`)
    placed.push({ ...one, namespace: one.namespace ?? asked ?? (await cluster()).namespace })
  }
  return { placed, cluster }
}

async function certificateFor({ flags, io }: Call, cluster: Connect): Promise<string> {
  const file = flags.text('cert')
  if (file !== undefined) return fileText(file, io)
  return certificateOf(await cluster(), {
    namespace: flags.text('controller-namespace') ?? STANDARD.namespace,
    name: flags.text('controller-name') ?? STANDARD.name,
  })
}

/** What is asked for wins over what the manifest says of itself. */
function sealedBy({ values, at, ...wanted }: Placed, certificate: string, { flags, io }: Call): Sealed {
  const scope = flags.text('scope') as Scope | undefined
  try {
    return sealed({ ...wanted, ...(scope && { scope }) }, values, certificate, io.now())
  } catch (error) {
    const from = flags.text('cert') ?? 'what the controller gave'
    throw new Failure(`${from}: ${error instanceof Error ? error.message : at}`)
  }
}

/** Of the namespace of the manifests, where it is one. */
async function toSealNext(
  cluster: Cluster,
  name: string,
  objects: readonly Sealed[],
  io: Io,
): Promise<string> {
  const { openSecrets, openText } = await import('../seal/next.ts')
  const [namespace = cluster.namespace, ...others] = new Set(
    objects.map(({ metadata }) => metadata.namespace),
  )
  const seen = await senderNamed(others.length === 0 ? cluster.in(namespace) : cluster, name)
  const here = objects.filter(({ metadata }) => metadata.namespace === seen.namespace)
  const open = openSecrets(seen, new Set(here.map(({ metadata }) => metadata.name)))
  return openText(seen, open, io.columns)
}

/** Several are documents of YAML, and a List in JSON: kubectl takes both. */
async function textFor(objects: readonly Sealed[], format: string): Promise<string> {
  const [only, ...more] = objects
  if (format === 'json')
    return jsonText(more.length === 0 ? only : { apiVersion: 'v1', kind: 'List', items: objects })
  const { stringify } = await import('yaml')
  // kubectl reads what is `yes` or 012 in YAML 1.1 as no text.
  const form = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const
  return objects.map((object) => stringify(object, form)).join('---\n')
}
