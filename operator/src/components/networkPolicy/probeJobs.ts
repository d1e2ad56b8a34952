/** The Jobs of a round of probes: one short-lived pod for each role, which tries what that role must and must not reach. */
import type { V1PodSpec } from '@kubernetes/client-node'
import type { JobManifest, Raw } from '../parts/manifests.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Cell, Role } from './probeCells.ts'
import { renderAttempts } from '../../../../crds/probeReport.ts'
import { PROBE } from '../../vocabulary/labels.ts'
import { childName } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { jobPlacement, natsPlacement, placed, podMetadata } from '../parts/placement.ts'
import { containerSecurityContext } from '../parts/podSecurity.ts'
import { podBase, workerImage } from '../worker/manifests.ts'
import { cellsOf, roleLabels } from './probeCells.ts'

/** Component label of the Jobs; their pods have that of their role. */
export const PROBE_PART = 'probe'

const PROGRAM = 'worker/src/probe/main.js'

/** With the time that an image takes; the program itself ends after three quarters of a minute at the latest. */
export const ROUND_DEADLINE_S = 180

/** For when nobody reads the report: one that was read is removed at once. */
const KEPT_S = 3_600

/** Both limits, since a ResourceQuota may ask for them. */
const RESOURCES = {
  requests: { cpu: '10m', memory: '48Mi' },
  limits: { cpu: '500m', memory: '128Mi' },
}

/**
 * Nobody ever sets it, so the pod is never ready: no Service of anybody's leads a client to it, whatever labels it asks
 * for.
 */
const NEVER_READY = [{ conditionType: 'batchsender.io/serves' }]

/** One for each role that has something to try. @param round tells one round from another in the name */
export function probeJobs(snapshot: Snapshot, round: string): ReadonlyMap<Role, JobManifest> {
  const byRole = Map.groupBy(cellsOf(snapshot), ({ role }) => role)
  return new Map([...byRole].map(([role, cells]) => [role, probeJob(snapshot, role, cells, round)]))
}

export const probeJobName = (sender: Sender, role: Role, round: string): string =>
  childName(sender, `${PROBE_PART}-${role}-${round}`)

function probeJob(snapshot: Snapshot, role: Role, cells: readonly Cell[], round: string): JobManifest {
  const { sender } = snapshot
  const common = metadata(sender, PROBE_PART)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...common,
      name: probeJobName(sender, role, round),
      labels: { ...common.labels, [PROBE]: role },
    },
    spec: {
      backoffLimit: 0,
      // A little later than it is given up, so that what keeps its pod can be told till then.
      activeDeadlineSeconds: ROUND_DEADLINE_S + 60,
      ttlSecondsAfterFinished: KEPT_S,
      template: {
        metadata: {
          ...podMetadata(sender, PROBE_PART, placementOf(sender, role)),
          labels: roleLabels(sender, role),
        },
        spec: podSpec(snapshot, role, cells),
      },
    },
  }
}

const placementOf = ({ spec }: Sender, role: Role) =>
  role === 'nats' ? natsPlacement(spec) : jobPlacement(spec)

function podSpec(snapshot: Snapshot, role: Role, cells: readonly Cell[]): Raw<V1PodSpec> {
  const { sender, installation } = snapshot
  return {
    ...podBase(snapshot),
    ...placed(placementOf(sender, role)),
    restartPolicy: 'Never',
    // There is nothing to finish.
    terminationGracePeriodSeconds: 1,
    readinessGates: NEVER_READY,
    containers: [
      {
        name: PROBE_PART,
        image: workerImage(snapshot),
        imagePullPolicy: installation.imagePullPolicy,
        command: ['node', PROGRAM, renderAttempts(cells)],
        securityContext: containerSecurityContext,
        resources: RESOURCES,
      },
    ],
  }
}
