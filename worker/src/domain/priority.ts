/** How urgent a batch is to whoever asked for it. */

export const PRIORITIES = ['transactional', 'bulk'] as const

export type Priority = (typeof PRIORITIES)[number]
