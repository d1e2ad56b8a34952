/** Addresses as SQL compares them: without regard to case, of ASCII letters alone, whatever the database's language is. */

/**
 * An address as `parseAddress` normalises it. In the collation of the columns again, since an index of one collation is
 * of no use to a comparison by another.
 */
export const FOLDED = (address: string): string => `lower(${address} COLLATE "C") COLLATE "default"`

/** Whether a row of the list is a spelling beside the folded one; as the index of those has it. */
export const isSpelling = (address: string): string => `(${address} <> ${FOLDED(address)})`
