/** Flags of the verbs that ask for something and may wait for it. */
import type { Flags, Option } from '../cli/verb.ts'
import type { Seen } from '../cluster/senders.ts'
import { Failure } from '../cli/failure.ts'
import { durationMs } from '../cli/parse.ts'

export const waitOptions = (standard: string): readonly Option[] => [
  { name: 'wait', doc: 'Wait until it is done, and tell on the way what is seen.' },
  {
    name: 'timeout',
    value: 'DURATION',
    doc: `How long to wait, such as 90s or 1h; ${standard} is the standard.`,
  },
]

export const timeoutOf = (flags: Flags, standard: string): number =>
  durationMs('--timeout', flags.text('timeout') ?? standard)

/** Nothing is begun that nobody would carry out. @throws Failure */
export function refuseSuspended({ name, spec }: Seen): void {
  if (spec.suspend === true)
    throw new Failure(
      `BatchSender ${name} is suspended, so the operator does nothing: kubectl patch bs ${name} --type=merge -p '{"spec":{"suspend":false}}' resumes it`,
    )
}

/** @throws Failure */
export function refuseWithoutBackup({ name, spec }: Seen): void {
  if (!spec.clickhouse?.backup)
    throw new Failure(
      `BatchSender ${name} has no spec.clickhouse.backup, so there is nothing to make or verify: docs/backup.md`,
    )
}
