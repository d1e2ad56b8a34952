/** What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1). */

export interface Extensions {
  /** RFC 2920. */
  readonly pipelining: boolean
  /** RFC 3207. */
  readonly startTls: boolean
  /** RFC 6531. */
  readonly smtpUtf8: boolean
  /** RFC 1870: the largest mail in bytes, 0 = no limit is told; undefined = not offered. */
  readonly size: number | undefined
  /** RFC 4954: mechanisms in upper case; undefined = not offered. */
  readonly auth: readonly string[] | undefined
}

export const NO_EXTENSIONS: Extensions = {
  pipelining: false,
  startTls: false,
  smtpUtf8: false,
  size: undefined,
  auth: undefined,
}

/** @param text the reply, of which the first line is no offer */
export function extensionsOf(text: string): Extensions {
  const offers = text
    .split('\n')
    .slice(1)
    .map((line) => line.slice(4).trim().toUpperCase())
  const words = offers.map((offer) => offer.split(/[\s=]+/))
  const offered = (keyword: string) => words.find(([first]) => first === keyword)
  const size = offered('SIZE')
  const mechanisms = words.filter(([first]) => first === 'AUTH').flatMap((line) => line.slice(1))
  return {
    pipelining: offered('PIPELINING') !== undefined,
    startTls: offered('STARTTLS') !== undefined,
    smtpUtf8: offered('SMTPUTF8') !== undefined,
    size: size && bytesOf(size[1]),
    auth: offered('AUTH') && mechanisms,
  }
}

const bytesOf = (text = ''): number => (/^\d{1,15}$/.test(text) ? Number(text) : 0)
