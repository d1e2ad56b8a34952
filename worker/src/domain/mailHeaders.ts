/** Headers that a batch or a recipient may add to its mails. */

export type MailHeaders = Readonly<Record<string, string>>

export interface HeaderFault {
  readonly name: string
  readonly code: 'header_name' | 'reserved_header' | 'header_value' | 'header_too_long' | 'duplicate_header'
}

/** RFC 5322 §2.2 allows more in a name; no header in use has it. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/
const LONGEST_NAME = 76
/** With the name and `: ` below the 998 of a line (RFC 5322 §2.1.1), should nothing in it allow a fold. */
const LONGEST_VALUE = 900
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** Written by the worker, by what carries the mail, or by what signs it. */
const RESERVED = new Set([
  'bcc',
  'cc',
  'date',
  'delivered-to',
  'dkim-signature',
  'domainkey-signature',
  'errors-to',
  'from',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'message-id',
  'mime-version',
  'received',
  'reply-to',
  'return-path',
  'sender',
  'subject',
  'to',
])
const RESERVED_PREFIXES = ['arc-', 'authentication-', 'content-', 'received-', 'resent-', 'x-batch-']

/** One fault for each header, the first that it has. */
export function headerFaults(headers: MailHeaders): readonly HeaderFault[] {
  const seen = new Set<string>()
  return Object.entries(headers).flatMap(([name, value]) => {
    const folded = name.toLowerCase()
    const code = seen.has(folded) ? 'duplicate_header' : faultOf(name, folded, value)
    seen.add(folded)
    return code === undefined ? [] : [{ name, code }]
  })
}

function faultOf(name: string, folded: string, value: string): HeaderFault['code'] | undefined {
  if (name.length > LONGEST_NAME || !NAME.test(name)) return 'header_name'
  if (RESERVED.has(folded) || RESERVED_PREFIXES.some((prefix) => folded.startsWith(prefix)))
    return 'reserved_header'
  if (value.trim() === '' || CONTROL.test(value) || !value.isWellFormed()) return 'header_value'
  return value.length > LONGEST_VALUE ? 'header_too_long' : undefined
}

/** Of two that are the same the recipient's counts, whatever the case of their names. */
export function mergedHeaders(ofBatch: MailHeaders, ofRecipient: MailHeaders): MailHeaders {
  const own = new Set(Object.keys(ofRecipient).map((name) => name.toLowerCase()))
  const kept = Object.entries(ofBatch).filter(([name]) => !own.has(name.toLowerCase()))
  return { ...Object.fromEntries(kept), ...ofRecipient }
}
