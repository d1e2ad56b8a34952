/** Every verb, in the order of the help. */
import type { Verb } from '../cli/verb.ts'
import { backup } from './backup.ts'
import { logs } from './logs.ts'
import { plan } from './plan.ts'
import { renew } from './renew.ts'
import { report } from './report.ts'
import { seal } from './seal.ts'
import { status } from './status.ts'
import { supportBundle } from './supportBundle.ts'
import { verify } from './verify.ts'

export const VERBS: readonly Verb[] = [status, report, plan, backup, verify, renew, seal, logs, supportBundle]
