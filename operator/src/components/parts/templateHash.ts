/** One short text for everything that must roll a workload's pods when it changes. */

/** Stable whatever the order of the keys; FNV-1a in 64 bits, which is no secret-keeping hash and need not be. */
export function templateHash(parts: Readonly<Record<string, unknown>>): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(stable(parts))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}

function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  return `{${entries
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, entry]) => `${JSON.stringify(key)}:${stable(entry)}`)
    .join(',')}}`
}
