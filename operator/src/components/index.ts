/** Every managed thing, in the order in which it is applied and told of. */
import type { AnyComponent } from './component.ts'
import { archive } from './archive/archive.ts'
import { backup } from './backup/backup.ts'
import { dependencies } from './dependencies.ts'
import { mailFlowing } from './mail/mailFlowing.ts'
import { gateway } from './gateway/gateway.ts'
import { nats } from './nats/nats.ts'
import { natsTls } from './natsTls.ts'
import { specification } from './specification.ts'
import { monitoring } from './monitoring/monitoring.ts'
import { networkPolicy } from './networkPolicy/networkPolicy.ts'
import { worker } from './worker/worker.ts'

export const components: readonly AnyComponent[] = [
  specification,
  dependencies,
  natsTls,
  nats,
  networkPolicy,
  worker,
  monitoring,
  archive,
  backup,
  mailFlowing,
  gateway,
]
