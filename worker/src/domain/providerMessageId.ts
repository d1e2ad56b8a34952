/** The id that a provider gives a mail, as it is kept and looked for. */

const ID = /^[\x21-\x7e]{1,200}$/

/** @returns undefined for whatever is not short and printable: no mail is worth less for it. */
export const parseProviderMessageId = (value: unknown): string | undefined =>
  typeof value === 'string' && ID.test(value) ? value : undefined
