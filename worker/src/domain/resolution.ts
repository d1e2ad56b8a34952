/** What a person may say of a recipient in doubt: the mail went, it did not and is not to, or it may go twice. */
export const RESOLUTIONS = ['sent', 'failed', 'retry'] as const

export type Resolution = (typeof RESOLUTIONS)[number]
