/** Rounds of probes as the cluster would carry them out. */
import type { Fate } from '../../../crds/probeReport.ts'
import type { Cell, Role } from '../components/networkPolicy/probeCells.ts'
import type { ProbeMemory } from '../components/networkPolicy/probeRound.ts'
import type { Sender, Snapshot } from '../components/snapshot.ts'
import type { ProbeRun, ProbedPorts } from '../components/networkPolicy/seen.ts'
import { cellsOf } from '../components/networkPolicy/probeCells.ts'
import { policies } from '../components/networkPolicy/policies.ts'
import { rememberedProbes } from '../components/networkPolicy/probeRound.ts'
import { networkPolicy } from '../components/networkPolicy/networkPolicy.ts'
import { policyProbes } from '../components/networkPolicy/probes.ts'
import { children, INSTALLATION, NOW, sender, snapshot } from './snapshots.ts'

/** With its policies in place, and the operator's own knocks as they should be. */
export function enforced(more: Partial<Snapshot> = {}): Snapshot {
  const given = snapshot(more)
  const ports = policyProbes(given.sender, INSTALLATION).map(
    ({ name, allowedPort, forbiddenPort }): ProbedPorts => ({
      name,
      allowedPort,
      allowed: true,
      ...(forbiddenPort !== undefined && { forbiddenPort, forbidden: false }),
    }),
  )
  return {
    ...given,
    children: new Map([...children(...policies(given)), ...given.children]),
    evidence: { ...given.evidence, policyProbe: { seen: { ports }, lookedAt: given.now } },
  }
}

export const remembering = (networkProbes: ProbeMemory, more: Partial<Sender> = {}): Sender =>
  sender({ ...more, status: { ...more.status, networkProbes } })

/** Jobs that a pass would make. */
export const begun = (given: Snapshot): string[] =>
  networkPolicy
    .desired(given)
    .flatMap((wish) =>
      wish.type === 'object' && wish.resource.kind === 'Job' ? [wish.object.metadata.name] : [],
    )

/** What the status says after that pass, every Job having been made; its uid is its name. */
export function afterBeginning(given: Snapshot): ProbeMemory {
  const makings = begun(given).map((name) => ({ name, uid: name }))
  return rememberedProbes(given, makings).networkProbes ?? {}
}

/** The runs of that round, each connection as it should be but where `otherwise` says something else. */
export function runsOf(
  given: Snapshot,
  { round }: ProbeMemory,
  otherwise: (cell: Cell) => Fate | undefined = () => undefined,
): readonly ProbeRun[] {
  return (round?.jobs ?? []).flatMap(({ role, name, uid }) =>
    uid === undefined
      ? []
      : [
          {
            name,
            uid,
            endedAt: NOW,
            fates: cellsOf(given)
              .filter((cell) => cell.role === (role as Role))
              .map((cell) => otherwise(cell) ?? cell.expect),
          },
        ],
  )
}
