/** Which storage policy a table may be moved to: one with the disk, and with every volume that the table has now. */
import type { StoragePolicy } from '../parts/clickhouseSeen.ts'
import type { ReasonOf } from '../../../../crds/schema/conditions.ts'

export type PolicyChoice =
  { readonly policy: string } | { readonly reason: ReasonOf<'ArchiveReady'>; readonly message: string }

export interface PolicyWish {
  readonly disk: string
  /** By name, when the spec gives one. */
  readonly named?: string
  /** Name of the policy that the table has; absent for a table that is to be made. */
  readonly present?: string
}

/** The server refuses a policy without all volumes of the old one (36), so that is told before it is asked. */
export function choosePolicy(policies: readonly StoragePolicy[], wish: PolicyWish): PolicyChoice {
  const present = policies.find(({ name }) => name === wish.present)
  const fits = (policy: StoragePolicy) =>
    hasDisk(policy, wish.disk) && (!present || contains(policy, present))
  if (wish.named !== undefined) return checkNamed(policies, wish.named, wish, present)
  if (present && hasDisk(present, wish.disk)) return { policy: present.name }
  const [only, another] = policies.filter(fits)
  if (only && another)
    return {
      reason: 'PolicyAmbiguous',
      message: `storage policies ${only.name} and ${another.name} both have the disk ${wish.disk}: name one in spec.clickhouse.archive.storagePolicy`,
    }
  if (only) return { policy: only.name }
  const beside = present ? ` and the volumes of ${present.name}` : ''
  return { reason: 'PolicyNotFound', message: `no storage policy has the disk ${wish.disk}${beside}` }
}

function checkNamed(
  policies: readonly StoragePolicy[],
  name: string,
  { disk }: PolicyWish,
  present: StoragePolicy | undefined,
): PolicyChoice {
  const policy = policies.find((candidate) => candidate.name === name)
  if (!policy) return { reason: 'PolicyNotFound', message: `the server has no storage policy ${name}` }
  if (!hasDisk(policy, disk))
    return { reason: 'PolicyNotFound', message: `storage policy ${name} lacks the disk ${disk}` }
  if (present && !contains(policy, present))
    return {
      reason: 'PolicyNotSuperset',
      message: `storage policy ${name} lacks volumes of ${present.name}, which the table has: add them to it`,
    }
  return { policy: name }
}

const hasDisk = ({ volumes }: StoragePolicy, disk: string): boolean =>
  volumes.some(({ disks }) => disks.includes(disk))

/** By name and disks, as the server compares. */
function contains(policy: StoragePolicy, other: StoragePolicy): boolean {
  return other.volumes.every((volume) =>
    policy.volumes.some(
      ({ name, disks }) => name === volume.name && volume.disks.every((disk) => disks.includes(disk)),
    ),
  )
}
