/** Labels and annotations by which children are known. */

export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const INSTANCE = 'app.kubernetes.io/instance'
export const COMPONENT = 'app.kubernetes.io/component'
export const PART_OF = 'app.kubernetes.io/part-of'
export const RETAINED_FOR = 'batchsender.io/retained-for'
export const TEMPLATE_HASH = 'batchsender.io/template-hash'

export const OPERATOR = 'batchsender-operator'

/** Selects every child of every BatchSender. */
export const CHILDREN_SELECTOR = `${MANAGED_BY}=${OPERATOR}`
