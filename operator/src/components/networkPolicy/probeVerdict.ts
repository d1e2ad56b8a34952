/** What a round of probes says: every breach by name, what could not be told, or that all is as the policies say. Pure. */
import type { Fate } from '../../../../crds/probeReport.ts'
import type { Cell, Role } from './probeCells.ts'
import { JOB_NAMES, type JobName } from '../../../../crds/jobs/index.ts'

export interface RoundVerdict {
  readonly state: 'Proven' | 'Failing' | 'Unknown'
  readonly message: string
}

/** What became of one role. */
export type RoleResult =
  | { readonly fates: readonly Fate[] }
  /** Nothing was tried; why, as a message goes on after the role. */
  | { readonly fault: string }

export interface RoundSeen {
  /** Of every role, in the order of the attempts. */
  readonly cells: readonly Cell[]
  readonly results: ReadonlyMap<Role, RoleResult>
  /** Places of which the operator itself has seen that they answer. */
  readonly answering: ReadonlySet<string>
  /** NetworkPolicies of others that select the pods. */
  readonly others: readonly string[]
}

const NAMES: Readonly<Record<Role, string>> = {
  worker: 'a worker',
  nats: 'a NATS node',
  stranger: 'a pod that is none of ours',
  ...(Object.fromEntries(JOB_NAMES.map((job) => [job, `a ${job} Job`])) as Record<JobName, string>),
}

const MOST_TOLD = 3
const MOST_CHARACTERS = 900

export function judgeRound(seen: RoundSeen): RoundVerdict {
  const tried = triedCells(seen)
  const breaches = tried.filter(({ cell, fate }) => cell.expect === 'shut' && fate === 'open')
  if (breaches.length > 0)
    return told(
      'Failing',
      `${listed(breaches.map(({ cell }) => `${NAMES[cell.role]} reaches ${place(cell)}`))}, which none of our NetworkPolicies allows: the cluster does not enforce them, or another policy lets it through${suspects(seen)}`,
    )
  const isUp = upIn(tried, seen.answering)
  const lost = tried.filter(({ cell, fate }) => cell.expect === 'open' && fate === 'shut')
  const cut = lost.filter(({ cell }) => isUp(cell))
  if (cut.length > 0)
    return told(
      'Failing',
      `${listed(cut.map(({ cell }) => `${NAMES[cell.role]} does not reach ${place(cell)}`))}, which answers others and our NetworkPolicies allow: something else stops it${suspects(seen)}`,
    )
  const open = doubts(seen, tried, lost, isUp)
  if (open.length > 0) return told('Unknown', listed(open))
  return told('Proven', success(tried, isUp))
}

interface Tried {
  readonly cell: Cell
  readonly fate: Fate
}

function triedCells({ cells, results }: RoundSeen): readonly Tried[] {
  return [...results].flatMap(([role, result]) => {
    if (!('fates' in result)) return []
    const mine = cells.filter((cell) => cell.role === role)
    return mine.flatMap((cell, index) => {
      const fate = result.fates[index]
      return fate === undefined ? [] : [{ cell, fate }]
    })
  })
}

/** Whether somebody listens at the other end of a cell, so that silence there is somebody's work. */
function upIn(tried: readonly Tried[], answering: ReadonlySet<string>): (cell: Cell) => boolean {
  const open = tried.filter(({ fate }) => fate === 'open').map(({ cell }) => cell)
  const pods = new Set([...answering, ...open.filter(({ listens }) => listens === 'pod').map(({ to }) => to)])
  const ports = new Set(open.map(placeKey))
  return (cell) => {
    if (cell.listens === 'pod') return pods.has(cell.to)
    return cell.listens === 'reached' ? ports.has(placeKey(cell)) : cell.listens === 'known'
  }
}

const placeKey = ({ host, port }: Cell) => `${host} ${port}`

function doubts(
  { results }: RoundSeen,
  tried: readonly Tried[],
  lost: readonly Tried[],
  isUp: (cell: Cell) => boolean,
): readonly string[] {
  const untried = [...results].flatMap(([role, result]) =>
    'fault' in result ? [`nothing was tried as ${NAMES[role]}: ${result.fault}`] : [],
  )
  const nameless = tried
    .filter(({ fate }) => fate === 'unresolved')
    .map(({ cell }) => `${NAMES[cell.role]} gets no address for ${cell.host} from DNS`)
  const down = lost.map(
    ({ cell }) => `${NAMES[cell.role]} does not reach ${place(cell)}: it is down, or something stops it`,
  )
  const silent = tried
    .filter(
      ({ cell, fate }) => fate === 'shut' && cell.expect === 'shut' && cell.listens === 'pod' && !isUp(cell),
    )
    .map(({ cell }) => `${cell.to} answers nobody, so its silence proves nothing`)
  return [...new Set([...untried, ...nameless, ...down, ...silent])]
}

/** Silence where nobody is known to listen is no part of the proof. */
function success(tried: readonly Tried[], isUp: (cell: Cell) => boolean): string {
  const roles = [...new Set(tried.map(({ cell }) => cell.role))].map((role) => NAMES[role])
  const open = tried.filter(({ fate }) => fate === 'open')
  const shut = tried.filter(({ cell, fate }) => fate === 'shut' && isUp(cell))
  return `as ${roles.join(', ')} ${open.length} connections that must come about did, and ${shut.length} that must not did not`
}

const place = ({ to, named }: Cell) => `${to} on port ${named}`

function suspects({ others }: RoundSeen): string {
  return others.length === 0 ? '' : `; NetworkPolicies of others are about these pods: ${listed(others)}`
}

function listed(texts: readonly string[]): string {
  const more = texts.length - MOST_TOLD
  return `${texts.slice(0, MOST_TOLD).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function told(state: RoundVerdict['state'], message: string): RoundVerdict {
  return { state, message: message.slice(0, MOST_CHARACTERS) }
}
