/** The operator's rights, from what its components declare that they own and prune. */
import { GROUP, PLURAL } from '../../crds/schema/batchsender.ts'
import { components } from '../../operator/src/components/index.ts'
import type { Resource } from '../../operator/src/runtime/object.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { OPERATOR as NAME } from '../../operator/src/vocabulary/labels.ts'
import { documents } from './documents.ts'

const LABELS = {
  'app.kubernetes.io/name': NAME,
  'app.kubernetes.io/part-of': 'batchsender',
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** Server-side apply is `patch`, and `create` where there was nothing; generated Secrets are updated. */
function verbsFor({ kind }: Resource, prunes: boolean): string[] {
  const change = kind === 'Secret' ? 'update' : 'patch'
  return ['create', ...(prunes ? ['delete'] : []), 'get', 'list', change, 'watch']
}

function rules(): Rule[] {
  const kinds = new Map(components.flatMap(({ owns }) => owns).map((kind) => [kind.kind, kind]))
  const pruned = new Set(components.flatMap(({ prunes }) => prunes).map(({ kind }) => kind))
  const owned = [...kinds.values()].map((kind) => ({
    apiGroups: [groupOf(kind)],
    resources: [kind.plural],
    verbs: verbsFor(kind, pruned.has(kind.kind)),
  }))
  const read = [
    ...new Map(components.flatMap(({ reads = [] }) => reads).map((kind) => [kind.kind, kind])).values(),
  ]
    .filter(({ kind }) => !kinds.has(kind))
    .map((kind) => ({
      apiGroups: [groupOf(kind)],
      resources: [kind.plural],
      verbs: ['get', 'list', 'watch'],
    }))
  return [
    { apiGroups: [GROUP], resources: [PLURAL], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [GROUP], resources: [`${PLURAL}/status`], verbs: ['patch'] },
    // Lets an owner reference block the deletion of its owner where that is enforced.
    { apiGroups: [GROUP], resources: [`${PLURAL}/finalizers`], verbs: ['update'] },
    ...owned,
    ...read,
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
    // Why a Job or a StatefulSet cannot make its pods is told nowhere else.
    { apiGroups: [''], resources: ['events'], verbs: ['list'] },
  ]
}

function groupOf({ apiVersion }: Resource): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
}

function role(kind: 'Role' | 'ClusterRole', name: string, list: readonly Rule[], labels: object = {}) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name, labels: { ...LABELS, ...labels } },
    rules: list,
  }
}

function binding(kind: 'RoleBinding' | 'ClusterRoleBinding', name: string) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name, labels: LABELS },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: kind === 'RoleBinding' ? 'Role' : 'ClusterRole',
      name,
    },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: OPERATOR_NAMESPACE }],
  }
}

const LEASES = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] }

/** To create one cannot be limited to a name: RBAC judges before it knows the name. */
const LEASE_RULES: readonly Rule[] = [
  { ...LEASES, verbs: ['create'] },
  { ...LEASES, resourceNames: [NAME], verbs: ['get', 'update'] },
]

/** Of operators that are installed elsewhere: whether one is at work on the same object. */
const OTHER_LEASES: Rule = { ...LEASES, resourceNames: [NAME], verbs: ['get'] }

/** Rights in one namespace: the one the operator lives in. */
const namespaced = () => [role('Role', NAME, rules()), binding('RoleBinding', NAME)]

/** Rights in every namespace. RBAC cannot tell our Secrets from others: this can read them all. */
const clusterWide = () => [
  role('ClusterRole', NAME, [...rules(), OTHER_LEASES]),
  binding('ClusterRoleBinding', NAME),
]

const lease = () => [role('Role', `${NAME}-lease`, LEASE_RULES), binding('RoleBinding', `${NAME}-lease`)]

/** What the built-in roles view and edit grant on BatchSenders; to create one is to create pods. */
const users = () => {
  const aggregate = (to: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${to}`]: 'true' })
  const view: Rule[] = [
    { apiGroups: [GROUP], resources: [PLURAL, `${PLURAL}/status`], verbs: ['get', 'list', 'watch'] },
  ]
  const edit: Rule[] = [
    {
      apiGroups: [GROUP],
      resources: [PLURAL],
      verbs: ['create', 'delete', 'deletecollection', 'patch', 'update'],
    },
    { apiGroups: [GROUP], resources: [`${PLURAL}/scale`], verbs: ['get', 'patch', 'update'] },
  ]
  return [
    role('ClusterRole', 'batchsender-view', view, {
      ...aggregate('view'),
      ...aggregate('edit'),
      ...aggregate('admin'),
    }),
    role('ClusterRole', 'batchsender-edit', edit, { ...aggregate('edit'), ...aggregate('admin') }),
  ]
}

/** The chart has the same (chart/). */
export const rightsObjects = () => ({
  namespaced: namespaced(),
  clusterWide: clusterWide(),
  lease: lease(),
  users: users(),
})

export const namespacedRights = () => documents(...namespaced())
export const clusterWideRights = () => documents(...clusterWide())
export const leaseRights = () => documents(...lease())
export const userRights = () => documents(...users())
