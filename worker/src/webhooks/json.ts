/** Reading of JSON from outside: whatever is not of the expected form is as if it were not there. */

import { parseProviderMessageId } from '../domain/providerMessageId.ts'

export type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function parseFields(text: string): Fields | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return isFields(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** An id that a provider gave: short and printable. */
export const idOf = parseProviderMessageId

export function instantOf(value: unknown): Date | undefined {
  const at = typeof value === 'string' && value.length < 40 ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : new Date(at)
}

/** `ses_` and `MailboxFull` become `ses_mailbox_full`; only what looks like a name does. */
export function codeOf(provider: string, name: unknown): string | undefined {
  if (typeof name !== 'string' || !/^[A-Za-z _-]{1,64}$/.test(name)) return undefined
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').replace(/[ -]+/g, '_')
  return `${provider}_${words.toLowerCase()}`
}

/** Addresses as such, out of a list of them. */
export const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((entry): entry is string => typeof entry === 'string' && entry.length <= 320)
