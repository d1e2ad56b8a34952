/** Recipients as `COPY` takes them: text, a line each, with tabs between columns (PostgreSQL, "COPY", File Formats). */
import type { LotRecipient } from '../http/ports.ts'

const NULL = '\\N'
/** For the columns batch_id, seq, address, address_norm, variables and headers. @param firstSeq of the first of them */
export function copyText(batchId: string, firstSeq: number, recipients: readonly LotRecipient[]): string {
  const lines = recipients.map(({ mailbox, variables, headers }, index) =>
    [
      batchId,
      firstSeq + index,
      escaped(mailbox.address),
      escaped(mailbox.normalised),
      variables === undefined ? NULL : escaped(variables),
      headers === undefined ? NULL : escaped(headers),
    ].join('\t'),
  )
  return lines.map((line) => `${line}\n`).join('')
}

/** Neither JSON nor an address has characters that end a column or a line. */
const escaped = (text: string): string => text.replaceAll('\\', '\\\\')
