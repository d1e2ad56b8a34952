/** Certificates begin so long before they are made, for clocks that are late. */
export const BACKDATED_MS = 300_000
