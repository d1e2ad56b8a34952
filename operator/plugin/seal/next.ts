/** Which Secrets of a BatchSender are worth sealing next: those that it names and nothing keeps. Pure. */
import type { Seen } from '../cluster/senders.ts'
import { secretsNamed } from '../../src/components/connections/named.ts'
import { plain, table } from '../text/wrap.ts'

type Origin = NonNullable<NonNullable<Seen['status']['evidence']>['secrets']>[number]

export interface Open {
  readonly secret: string
  /** Where in the spec it is named first. */
  readonly path: string
  readonly why: string
}

/** @param sealed names of those that were sealed right now */
export function openSecrets({ spec, status }: Seen, sealed: ReadonlySet<string>): readonly Open[] {
  const origins = new Map(status.evidence?.secrets?.map((origin) => [origin.name, origin]))
  return secretsNamed(spec)
    .filter(({ secret }) => !sealed.has(secret))
    .flatMap(({ secret, path }) => {
      const why = whyOpen(origins.get(secret))
      return why === undefined ? [] : [{ secret, path, why }]
    })
}

function whyOpen(origin: Origin | undefined): string | undefined {
  if (!origin) return 'not seen yet'
  if (origin.by === 'None') return 'managed by nothing'
  if (origin.by === 'Flux') return 'in Git, not said to be encrypted'
  return origin.editedBy === undefined ? undefined : `changed by hand (${plain(origin.editedBy)})`
}

export function openText({ namespace, name }: Seen, open: readonly Open[], columns: number): string {
  if (open.length === 0) return `every Secret of BatchSender ${namespace}/${name} is managed\n`
  const rows = open.map(({ secret, path, why }) => [`  ${secret}`, `${why}: ${path}`])
  return `to seal next for BatchSender ${namespace}/${name}:\n${table(rows, columns).join('\n')}\n`
}
