/** The Secret that holds the key under which fingerprints of the user's Secrets are made. */

export const FINGERPRINT_KEY = 'key'

/** @param name of the BatchSender */
export const fingerprintSecret = (name: string): string => `${name}-fingerprint`
