/** The rules that open what the pods may reach outside of the BatchSender. */
import type { EgressRule } from '../parts/manifests.ts'
import type { Dialler, Outside } from '../connections/connection.ts'
import type { Snapshot } from '../snapshot.ts'
import { wayTo, WAYS } from '../connections/index.ts'
import { egressTo } from './peers.ts'

export function waysTo(destination: Outside, snapshot: Snapshot): readonly EgressRule[] {
  const { sender, installation } = snapshot
  return egressTo(sender, installation, destination, wayTo(destination).addresses(sender))
}

/** Everywhere that pods of a part dial. */
export function destinationsOf(part: Dialler): readonly Outside[] {
  return WAYS.filter(({ dialledBy }) => dialledBy.includes(part)).map(({ destination }) => destination)
}

/** Those that somebody could dial: what is behind a reference to a Secret is not known. */
export function knownAddresses(
  destination: Outside,
  { sender }: Snapshot,
): readonly { readonly host: string; readonly port: number }[] {
  return wayTo(destination)
    .addresses(sender)
    .flatMap(({ host, port }) => (host === undefined ? [] : [{ host, port }]))
}

export const OUTSIDE: readonly Outside[] = WAYS.map(({ destination }) => destination)
