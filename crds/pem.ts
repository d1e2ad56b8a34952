/**
 * PEM of users, for OpenSSL: of blocks that were joined without a line feed it reads none, and says nothing. Whoever reads
 * a Secret of a user hands its text on through this.
 */
export function linedPem(text: string): string {
  return text.replaceAll(/(\S)[^\S\n]*(?=-----BEGIN )/g, '$1\n')
}
