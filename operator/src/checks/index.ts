/** Every proof, in the order in which it is printed. */
import type { Check } from './check.ts'
import { archiveFlowing } from './archiveFlowing.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'
import { networkEnforced } from './networkEnforced.ts'

export const checks: readonly Check[] = [natsTlsAdopted, archiveFlowing, networkEnforced]
