/** Every proof, in the order in which it is printed. */
import type { Check } from './check.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'

export const checks: readonly Check[] = [natsTlsAdopted]
