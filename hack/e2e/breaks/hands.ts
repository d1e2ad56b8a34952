/** What hands do in a cluster, for rows of several groups. */
import { X509Certificate } from 'node:crypto'
import { Client } from 'pg'
import type { Place } from './break.ts'
import { authority } from '../../../operator/src/testing/certificates.ts'
import { makeLeaf, type Issuer, type KeyPair } from '../../../operator/src/adapters/certificateAuthority.ts'
import { Environment, NAME } from '../environment.ts'
import { eventually } from '../eventually.ts'

/** A place that remembers what was there before something was broken. */
export interface Site extends Place {
  readonly noted: Map<string, string>
}

/** `BREAKS_KEEP=1` leaves the namespace, and takes it as it is the next time. */
export async function openSite(namespace: string, spec: object = {}): Promise<Site> {
  const keep = process.env['BREAKS_KEEP'] === '1'
  const here = await Environment.start(namespace, { spec, keep })
  return {
    here,
    noted: new Map(),
    close: async () => {
      if (!keep) await here.stop()
    },
  }
}

/** @throws Error when nothing was noted under the name */
export function notedOf({ noted }: Site, name: string): string {
  const text = noted.get(name)
  if (text === undefined) throw new Error(`${name} was not noted before it was broken`)
  return text
}

export function patched(here: Environment, kind: string, name: string, change: object): Promise<string> {
  return here.kubectl('patch', kind, name, '--type=merge', '-p', JSON.stringify(change))
}

/** Changes the spec of the BatchSender; `null` takes a field out. */
export const respec = (here: Environment, spec: object): Promise<string> =>
  patched(here, 'bs', NAME, { spec })

export const suspend = (here: Environment, value: boolean): Promise<string> =>
  respec(here, { suspend: value })

/** Everything that is written from now on is not the operator's. */
export async function suspended(here: Environment): Promise<void> {
  await suspend(here, true)
  await here.kubectl('wait', '--for=condition=Suspended', `bs/${NAME}`, '--timeout=60s')
}

/** Values of a Secret, decoded. */
export async function secretOf(here: Environment, name: string): Promise<Readonly<Record<string, string>>> {
  const { data = {} } = ((await here.get('secret', name)) ?? {}) as { data?: Record<string, string> }
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}

/** Makes it, or writes these values over those that it has. */
export async function putSecret(
  here: Environment,
  name: string,
  values: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
  if (await here.get('secret', name)) await patched(here, 'secret', name, { data })
  else await here.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name, labels }, data })
}

/** Names and uids of the pods of a component: another uid is another pod. */
export async function podsOf(here: Environment, component: string): Promise<string> {
  const lines = await here.kubectl(
    'get',
    'pods',
    '-l',
    `app.kubernetes.io/instance=${NAME},app.kubernetes.io/component=${component},!batchsender.io/probe`,
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}',
  )
  return lines.trim().split('\n').toSorted().join('\n')
}

export const podNames = async (here: Environment, component: string): Promise<readonly string[]> =>
  (await podsOf(here, component)).split('\n').flatMap((line) => line.split(' ')[0] ?? [])

/** @throws Error when one of the pods that were noted is not there any more */
export async function expectSamePods(site: Site, component: string): Promise<void> {
  const [before, now] = [notedOf(site, component), await podsOf(site.here, component)]
  if (now !== before) throw new Error(`pods of ${component} were replaced:\n${before}\n→\n${now}`)
}

export async function notePods({ here, noted }: Site, component: string): Promise<void> {
  noted.set(component, await podsOf(here, component))
}

/** kubelet looks at files of a pod that changed sooner than once a minute. */
export async function hurryFiles(here: Environment, component: string): Promise<void> {
  for (const pod of await podNames(here, component))
    await here.kubectl('annotate', '--overwrite', 'pod', pod, `hurried=${Date.now()}`)
}

/** Deletes an object and waits until the operator has made another one. */
export async function deletedAndBack(here: Environment, kind: string, name: string): Promise<void> {
  const before = await here.get(kind, name)
  await here.kubectl('delete', kind, name, '--wait=true')
  await eventually(`${kind} ${name} is back`, async () => {
    const now = await here.get(kind, name)
    return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
  })
}

/** A CA as a user brings one, as its Secret has it. */
export async function userCa(
  name: string,
  algorithm: Parameters<typeof authority>[1] = 'p256',
  endsAt?: Date,
): Promise<Readonly<Record<'tls.crt' | 'tls.key', string>>> {
  const made = await authority(name, algorithm, endsAt ? { endsAt } : {})
  return { 'tls.crt': made.certificate, 'tls.key': made.key }
}

const HOUR_MS = 3_600_000

/** A certificate for the names that the given one has, made by somebody who has the CA. */
export function leafLike(certificate: string, issuer: Issuer, lifeMs = 2_160 * HOUR_MS): Promise<KeyPair> {
  const { subjectAltName = '' } = new X509Certificate(certificate)
  const dnsNames = subjectAltName.split(', ').map((name) => name.replace(/^DNS:/, ''))
  const usages = ['serverAuth', 'clientAuth'] as const
  return makeLeaf(
    { role: 'leaf', commonName: 'by hand', dnsNames, usages, durationMs: lifeMs, issuerSecret: '' },
    issuer,
    new Date(),
  )
}

export const serialOf = (certificate: string): string => new X509Certificate(certificate).serialNumber

/** Runs statements one after the other, each by itself, as the superuser of the PostgreSQL beside the BatchSender. */
export async function sql(here: Environment, ...statements: readonly string[]): Promise<void> {
  const [host, password] = [
    await here.address('postgres'),
    await here.secret('postgres-superuser', 'password'),
  ]
  const client = new Client({ host, user: 'batchsender', database: 'postgres', password })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
