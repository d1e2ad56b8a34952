/** Every proof, in the order in which it is printed. */
import type { Check } from './check.ts'
import { apiResponsive } from './apiResponsive.ts'
import { archiveFlowing } from './archiveFlowing.ts'
import { auditLog } from './auditLog.ts'
import { backupFresh } from './backupFresh.ts'
import { certificatesCurrent } from './certificatesCurrent.ts'
import { gatewayAccepted } from './gatewayAccepted.ts'
import { monitoring } from './monitoring.ts'
import { natsTlsAdopted } from './natsTlsAdopted.ts'
import { networkEnforced } from './networkEnforced.ts'
import { postgresDurable } from './postgresDurable.ts'
import { postgresEncrypted } from './postgresEncrypted.ts'
import { restoreVerified } from './restoreVerified.ts'
import { secretsManaged } from './secretsManaged.ts'
import { webhooksVerified } from './webhooksVerified.ts'

export const checks: readonly Check[] = [
  natsTlsAdopted,
  certificatesCurrent,
  backupFresh,
  restoreVerified,
  archiveFlowing,
  networkEnforced,
  postgresDurable,
  postgresEncrypted,
  auditLog,
  webhooksVerified,
  apiResponsive,
  monitoring,
  gatewayAccepted,
  secretsManaged,
]
