/** `renew`: certificates of managed NATS made anew, by the end of the Secrets that hold them. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { ApiError } from '../../src/runtime/errors.ts'
import { natsSecrets } from '../../src/components/parts/natsTopology.ts'
import { Secret } from '../../src/vocabulary/kinds.ts'
import { Failure } from '../cli/failure.ts'
import { EXIT } from '../cli/verb.ts'
import { senderNamed, type Seen } from '../cluster/senders.ts'
import { refuseSuspended, timeoutOf, waitOptions } from '../runs/options.ts'
import { waitFor, type Look } from '../runs/wait.ts'

const STANDARD = '10m'
const LEAVES = ['server', 'worker', 'operator', 'system'] as const
const CHOICES = [...LEAVES, 'all', 'ca'] as const

export const renew: Verb = {
  name: 'renew',
  summary: 'make the certificates of NATS anew',
  doc: [
    'Deletes the Secrets that hold them, and the operator makes others with other keys: nothing is restarted for a certificate, NATS and workers read it again. The CA is another matter: everybody trusts the new one first, and NATS is restarted node by node.',
    'With --wait it is done when every node serves what was issued and clients believe it (the check nats-tls-adopted).',
  ],
  operand: 'needed',
  options: [
    { name: 'certificate', value: 'WHICH', choices: CHOICES, doc: 'All but the CA is the standard.' },
    ...waitOptions(STANDARD),
  ],
  examples: [
    { what: 'All certificates, and wait until they are served', command: 'renew orders --wait' },
    { what: 'The one of the servers alone', command: 'renew orders --certificate server' },
    { what: 'Another CA', command: 'renew orders --certificate ca --wait --timeout 30m' },
  ],
  exits: [
    '0: it was begun; with --wait, all is served',
    '1: it failed, or was not done in time',
    '2: the command was not understood',
  ],
  run,
}

async function run({ operand = '', flags, io, ...call }: Call): Promise<Exit> {
  const timeoutMs = timeoutOf(flags, STANDARD)
  const cluster = await call.cluster()
  const before = await senderNamed(cluster, operand)
  const names = secretsOf(before, flags.text('certificate') ?? 'all')
  refuseSuspended(before)
  const old = await uidsOf(cluster, names)
  await removed(cluster, names)
  io.out(`to be made anew in ${cluster.namespace}: ${names.join(', ')}\n`)
  if (!flags.is('wait')) return EXIT.done
  const isOfServers = names.some((name) =>
    [natsSecrets(before).server, natsSecrets(before).ca].includes(name),
  )
  const serial = before.status.evidence?.natsTls?.serverSerial
  const afterwards = `kubectl batchsender status ${operand}`
  await waitFor({ what: 'the renewal', timeoutMs, io, afterwards }, async (): Promise<Look<true>> => {
    const seen = await senderNamed(cluster, operand)
    const waits =
      notMade(await uidsOf(cluster, names), old, names) ?? (isOfServers ? notServed(seen, serial) : undefined)
    return waits === undefined ? { done: true, value: true } : { done: false, progress: waits }
  })
  io.out(isOfServers ? 'every node serves what was issued\n' : 'made\n')
  return EXIT.done
}

/** @throws Failure where they are not the operator's to make */
function secretsOf(seen: Seen, which: string): readonly string[] {
  const { nats } = seen.spec
  if (!nats.managed)
    throw new Failure(
      'NATS is external and its certificates are yours: put another one into the Secret of spec.nats.external.tlsSecretRef',
    )
  const issuer = nats.tls?.issuerSecretRef?.name
  if (which === 'ca' && issuer !== undefined)
    throw new Failure(
      `the CA is yours: put another one into Secret ${issuer} (docs/certificates.md#another-ca)`,
    )
  const names: Readonly<Record<string, string>> = natsSecrets(seen)
  return which === 'all' ? LEAVES.map((leaf) => names[leaf] ?? '') : [names[which] ?? '']
}

async function removed(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names)
    await cluster.remove(Secret, name).catch((error: unknown) => {
      // What is gone already is made anew, too.
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    })
}

type Uids = ReadonlyMap<string, string | undefined>

async function uidsOf(cluster: Cluster, names: readonly string[]): Promise<Uids> {
  const found = await Promise.all(
    names.map((name): Promise<KubernetesObject | undefined> => cluster.get(Secret, name)),
  )
  return new Map(names.map((name, index) => [name, found[index]?.metadata.uid]))
}

function notMade(present: Uids, old: Uids, names: readonly string[]): string | undefined {
  const open = names.filter((name) => present.get(name) === undefined || present.get(name) === old.get(name))
  return open.length === 0 ? undefined : `not made yet: ${open.join(', ')}`
}

function notServed({ status }: Seen, before: string | undefined): string | undefined {
  const serial = status.evidence?.natsTls?.serverSerial
  if (serial === undefined || serial === before) return 'made; the operator has not told of them yet'
  const check = status.checks?.find(({ name }) => name === 'nats-tls-adopted')
  const isServed = check !== undefined && ['Proven', 'Waived'].includes(check.state)
  return isServed ? undefined : `made; ${check?.message ?? 'no node was looked at yet'}`
}
