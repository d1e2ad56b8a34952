/** What is said of a mail before the mail itself, and why it may not be said. Pure. */
import type { Extensions } from './extensions.ts'
import type { SmtpFailure } from './failure.ts'
import type { Letter } from './wire.ts'
import { failedBy } from './failure.ts'
import { bytesOf, isAscii, isSafe } from './wire.ts'

export const DATA = 'DATA\r\n'

/** @param mime of the letter */
export function mailCommand(
  { from, to }: Letter,
  mime: string,
  { size, smtpUtf8 }: Pick<Extensions, 'size' | 'smtpUtf8'>,
): string {
  const utf8 = smtpUtf8 && !(isAscii(from) && isAscii(to)) ? ' SMTPUTF8' : ''
  return `MAIL FROM:<${bytesOf(from)}>${utf8}${size === undefined ? '' : ` SIZE=${mime.length}`}\r\n`
}

export const rcptCommand = ({ to }: Letter): string => `RCPT TO:<${bytesOf(to)}>\r\n`

/**
 * @param carried mails that the connection had begun before
 * @returns why the mail is not to be begun: an address that would break out of its command, or a mail that is larger
 * than the server takes
 */
export function impediment(
  { from, to }: Letter,
  mime: string | undefined,
  { size = 0 }: Pick<Extensions, 'size'>,
  carried: number,
): SmtpFailure | undefined {
  if (!isSafe(from))
    return failedBy({ code: 'EENVELOPE', words: 'Invalid sender' }, { stage: 'mail', carried })
  if (!isSafe(to) || to === '')
    return failedBy({ code: 'EENVELOPE', words: 'Invalid recipient' }, { stage: 'rcpt', carried })
  if (size === 0 || mime === undefined || mime.length <= size) return undefined
  const words = `Message size larger than allowed ${size}`
  return failedBy({ code: 'EMESSAGE', words }, { stage: 'mail', carried })
}
