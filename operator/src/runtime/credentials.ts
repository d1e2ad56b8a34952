/** Where the API server is and how we prove who we are, read again whenever the files change. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface TlsMaterial {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

export interface Credentials {
  /** `https://host:port`, without a path. */
  readonly server: string
  /** Material for new connections; the same object as long as nothing changed. */
  readonly tls: () => TlsMaterial
  /** Value of the Authorization header, if any. */
  readonly authorization: () => string | undefined
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** A kubelet renews the token well before its end; a minute's delay is what client-go allows itself, too. */
const REREAD_MS = 10_000

export interface PodEnvironment {
  readonly host: string
  readonly port: string
  readonly directory?: string
  /** The files are looked at no more often than this. */
  readonly rereadMs?: number
}

/** The service account of the pod we run in. */
export function inCluster({
  host,
  port,
  directory = SERVICE_ACCOUNT,
  rereadMs = REREAD_MS,
}: PodEnvironment): Credentials {
  const token = rereading(join(directory, 'token'), rereadMs)
  const ca = rereading(join(directory, 'ca.crt'), rereadMs)
  let tls: TlsMaterial = {}
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls() {
      const text = ca()
      if (tls.ca !== text) tls = { ca: text }
      return tls
    },
    authorization: () => `Bearer ${token().trim()}`,
  }
}

/** The text of a file, read again when it changed, and looked at no more often than needed. */
function rereading(path: string, rereadMs: number): () => string {
  let text = ''
  let changedAt = -1
  let lookedAt = -Infinity
  return () => {
    const now = performance.now()
    if (now - lookedAt < rereadMs && text !== '') return text
    lookedAt = now
    try {
      const { mtimeMs } = statSync(path)
      if (mtimeMs !== changedAt) {
        text = readFileSync(path, 'utf8')
        changedAt = mtimeMs
      }
    } catch (error) {
      // What was read before may still be good for a while.
      if (text === '') throw error
    }
    return text
  }
}
