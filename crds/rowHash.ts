/** How hashes of rows are summed up over partitions: the worker does it with numbers, the operator has ClickHouse do it. */

/** Factor of the second hash of each partition. Odd, so that no bit of it is lost. */
export const HASH_SPREAD = 0x9e37_79b9_7f4a_7c15n
