/** Ports of the workers. */
export const HTTP_PORT = 8080
/** Probes, metrics and evidence. */
export const INTERNAL_PORT = 8081
