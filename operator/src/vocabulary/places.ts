/**
 * Places that a BatchSender should have for itself, written so that two who mean the same write the same. Pure. What leads
 * to one place by an address and by a name is not seen to be the same.
 */

export type Kept = 'postgres' | 'clickhouse' | 'backup'

export interface Place {
  readonly what: Kept
  readonly at: string
  /** Folder within it, without slashes at its ends; one within another's is a place that both use. */
  readonly path?: string
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80', 'tls:': '443' }
const POSTGRES_PORT = '5432'

/** Every way in which the host of a Service may be meant, seen from a namespace. */
function hostsOf(host: string, namespace: string, clusterDomain: string): readonly string[] {
  const name = host.toLowerCase().replace(/\.$/, '')
  const labels = name.split('.')
  if (labels.length === 1) return [`${name}.${namespace}.svc.${clusterDomain}`]
  if (name.endsWith('.svc')) return [`${name}.${clusterDomain}`]
  return labels.length === 2 ? [name, `${name}.svc.${clusterDomain}`] : [name]
}

/** The pooler of Neon is another name of the same server. */
const withoutPooler = (host: string) => host.replace(/^([^.]+)-pooler(\..*\.neon\.tech)$/, '$1$2')

/** @returns nothing for an address that is none */
export function databasesOf(text: string, namespace: string, clusterDomain: string): readonly string[] {
  const url = URL.parse(text.trim())
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') return []
  const database = url.pathname.replace(/^\//, '') || url.username
  return hostsOf(url.hostname, namespace, clusterDomain).map(
    (host) => `${withoutPooler(host)}:${url.port || POSTGRES_PORT}/${database}`,
  )
}

/** A server of HTTP, as host and port. */
export function serversOf(text: string, namespace: string, clusterDomain: string): readonly string[] {
  const url = URL.parse(text)
  if (!url) return []
  const port = url.port || (DEFAULT_PORTS[url.protocol] ?? '')
  return hostsOf(url.hostname, namespace, clusterDomain).map((host) => `${host}:${port}`)
}

export function isSamePlace(one: Place, two: Place): boolean {
  if (one.what !== two.what || one.at !== two.at) return false
  const [a, b] = [one.path ?? '', two.path ?? '']
  return isWithin(a, b) || isWithin(b, a)
}

const isWithin = (path: string, folder: string) =>
  folder === '' || path === folder || path.startsWith(`${folder}/`)
