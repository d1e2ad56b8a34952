/** Labels and annotations by which children are known. */

export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const INSTANCE = 'app.kubernetes.io/instance'
export const COMPONENT = 'app.kubernetes.io/component'
export const PART_OF = 'app.kubernetes.io/part-of'
export const RETAINED_FOR = 'batchsender.io/retained-for'
export const TEMPLATE_HASH = 'batchsender.io/template-hash'
/** On pods of NATS: whom they were started to trust. */
export const TRUST_HASH = 'batchsender.io/trust-hash'
/** On pods of NATS: how often in a row they were started anew to read what they should run, and when last. */
export const RESTARTED = 'batchsender.io/restarted'

/** Which role a probe pod plays, also on its Job. */
export const PROBE = 'batchsender.io/probe'
/** Which BatchSender it is for: it may lack the labels of one. */
export const PROBE_OF = 'batchsender.io/probe-of'

export const OPERATOR = 'batchsender-operator'
/**
 * Stands in `managed-by` of probe pods. That tells them from the pods whose labels they bear: Services and
 * PodDisruptionBudgets ask for it, NetworkPolicies do not.
 */
export const PROBER = 'batchsender-probe'

/** Selects every child of every BatchSender. */
export const CHILDREN_SELECTOR = `${MANAGED_BY}=${OPERATOR}`
/** The same for pods, with those that probe. */
export const PODS_SELECTOR = `${MANAGED_BY} in (${OPERATOR},${PROBER})`
