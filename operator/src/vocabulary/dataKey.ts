/** Keys that data at rest is encrypted with. */

/** The entry of the Secret that holds one. */
export const DATA_KEY = 'data.key'

/** The annotation of pods that tells which key they were started with. */
export const DATA_KEY_ID = 'batchsender.io/data-key-id'

/** Long enough for a cipher's 32 bytes, and read as text by a configuration file: it begins with a letter. */
export const isUsableKey = (text: string | undefined): text is string =>
  text !== undefined && /^[A-Za-z][A-Za-z0-9_-]{31,}$/.test(text)
