/** What a round of probes is about: while that stays the same, so does what was found. Pure. */
import type { Snapshot } from '../snapshot.ts'
import type { OtherPolicy } from './seen.ts'
import { templateHash } from '../parts/templateHash.ts'
import { roleLabels, rolesOf } from './probeCells.ts'
import { probeJobs } from './probeJobs.ts'
import { policies } from './policies.ts'
import { selects } from './selectors.ts'

type Selector = OtherPolicy['podSelector']

/** What is tried and with what, and whatever else of policies has a say in it. */
export function subjectOf(snapshot: Snapshot): string {
  const jobs = [...probeJobs(snapshot, '').values()].map(({ spec }) => spec)
  return `${templateHash({ jobs, ours: policies(snapshot).map(({ spec }) => spec) })}-${templateHash({ others: others(snapshot) })}`
}

/** Without the policies of others, which change what is found and not what is tried. */
export const cellsPart = (subject: string) => subject.split('-')[0]

/** Of others' policies those that select a pod of one of the roles: the rest changes nothing for them. */
export function others({ sender, probing }: Snapshot) {
  const worn = rolesOf(sender).map((role) => roleLabels(sender, role))
  return probing.others.filter(({ podSelector }) => worn.some((labels) => selects(podSelector, labels)))
}

/** Labels that controllers give to their own pods: no probe pod has those of the pods that it stands for. */
const OF_CONTROLLERS: readonly string[] = [
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'controller-revision-hash',
  'controller-uid',
  'job-name',
  'pod-template-hash',
  'statefulset.kubernetes.io/pod-name',
]

/** Policies of others that may select our pods and never those that are tried. */
export function untried({ sender, probing }: Snapshot): readonly string[] {
  const worn = rolesOf(sender).map((role) => roleLabels(sender, role))
  return probing.others
    .filter(({ podSelector }) => {
      const rest = withoutThose(podSelector)
      return (
        rest !== undefined && worn.some((labels) => selects(rest, labels) && !selects(podSelector, labels))
      )
    })
    .map(({ name }) => name)
}

/** @returns `undefined` where the selector asks for none of them */
function withoutThose({ matchLabels = {}, matchExpressions = [] }: Selector): Selector | undefined {
  const labels = Object.entries(matchLabels).filter(([key]) => !OF_CONTROLLERS.includes(key))
  const expressions = matchExpressions.filter(({ key }) => !OF_CONTROLLERS.includes(key))
  const isAll =
    labels.length === Object.keys(matchLabels).length && expressions.length === matchExpressions.length
  return isAll ? undefined : { matchLabels: Object.fromEntries(labels), matchExpressions: expressions }
}
