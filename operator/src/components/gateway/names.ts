/** Names of what is made for the gateway. */

/** Component label. */
export const PART = 'gateway'
/** Ends the names of the route that is limited and of its limit; no pod and no Service has it. */
export const API = 'api'
export const CALLBACKS = 'callbacks'
