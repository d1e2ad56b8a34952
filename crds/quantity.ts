/**
 * Quantities in the form in which the API server keeps them, so that a wish compares with what is there. Pure.
 * Source: k8s.io/apimachinery/pkg/api/resource, `Quantity.CanonicalizeBytes`; the rounding of resource lists to
 * thousandths is `SetDefaults_ResourceList`.
 */

const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3}|)$/
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const
const NANO = 1_000_000_000n
const MILLION_NANOS = 1_000_000n
const LONGEST = 64

/** A non-negative amount in billionths, and how it was written. */
interface Amount {
  readonly nanos: bigint
  readonly format: 'decimal' | 'binary' | 'exponent'
}

/**
 * @param value text or number as a manifest has it: `1024Mi`, `0.5`, `1`.
 * @param resolution `milli` for resource lists, which are rounded up to thousandths.
 * @returns the same quantity as the server writes it (`1Gi`, `500m`, `1`); what is none is given back as it is, for
 * the server to refuse.
 */
export function canonicalQuantity(value: unknown, resolution: 'milli' | 'nano' = 'nano'): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  const amount = parse(String(value))
  if (!amount) return value
  const { nanos, format } = amount
  const rounded = resolution === 'milli' ? roundUp(nanos, MILLION_NANOS) : nanos
  return (format === 'binary' ? inBinary(rounded) : undefined) ?? inDecimal(rounded, format)
}

/** Whether the API server would take it for one. */
export function isQuantity(value: unknown): boolean {
  return (typeof value === 'string' || typeof value === 'number') && parse(String(value)) !== undefined
}

function parse(text: string): Amount | undefined {
  const match = text.length > LONGEST ? null : PATTERN.exec(text.trim())
  const [, sign, whole = '', fraction = '', suffix = ''] = match ?? []
  if (!match || sign === '-' || `${whole}${fraction}` === '') return undefined
  return amountOf(BigInt(`${whole}${fraction}`), fraction.length, suffix)
}

/** @param places of the digits that stand behind the point. */
function amountOf(digits: bigint, places: number, suffix: string): Amount {
  const binary = BINARY.findIndex((unit) => unit !== '' && unit === suffix)
  if (binary > 0) return { nanos: scaled(digits * 1024n ** BigInt(binary), 9 - places), format: 'binary' }
  if (/^[eE]./.test(suffix))
    return { nanos: scaled(digits, Number(suffix.slice(1)) + 9 - places), format: 'exponent' }
  const power = (DECIMAL.findIndex((unit) => unit === suffix) - 3) * 3
  return { nanos: scaled(digits, power + 9 - places), format: 'decimal' }
}

/** Finer than a billionth is rounded up, away from nothing. */
function scaled(digits: bigint, power: number): bigint {
  return power >= 0
    ? digits * 10n ** BigInt(power)
    : roundUp(digits, 10n ** BigInt(-power)) / 10n ** BigInt(-power)
}

function roundUp(value: bigint, step: bigint): bigint {
  return ((value + step - 1n) / step) * step
}

/** @returns `undefined` for what is written in decimals: below 1024, and fractions. */
function inBinary(nanos: bigint): string | undefined {
  if (nanos % NANO !== 0n || nanos < 1024n * NANO) return undefined
  let value = nanos / NANO
  let power = 0
  while (value % 1024n === 0n && power < BINARY.length - 1) {
    value /= 1024n
    power += 1
  }
  return `${value}${BINARY[power] ?? ''}`
}

function inDecimal(nanos: bigint, format: Amount['format']): string {
  if (nanos === 0n) return '0'
  let value = nanos
  let power = 0
  while (value % 1000n === 0n && power < DECIMAL.length - 1) {
    value /= 1000n
    power += 1
  }
  const exponent = (power - 3) * 3
  if (format === 'exponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`
  return `${value}${DECIMAL[power] ?? ''}`
}
