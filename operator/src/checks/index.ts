/** Every proof, in the order in which it is printed. */
import type { Check } from './check.ts'
import { archiveFlowing } from './archiveFlowing.ts'
import { backupFresh } from './backupFresh.ts'
import { monitoring } from './monitoring.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'
import { networkEnforced } from './networkEnforced.ts'
import { postgresDurable } from './postgresDurable.ts'
import { restoreVerified } from './restoreVerified.ts'

export const checks: readonly Check[] = [
  natsTlsAdopted,
  backupFresh,
  restoreVerified,
  archiveFlowing,
  networkEnforced,
  postgresDurable,
  monitoring,
]
