/** What the error codes of ClickHouse mean for a BatchSender (codes as of 26.7, each seen from the engine). */
import type { ReasonOf } from '../../../crds/schema/conditions.ts'

export type ClickhouseReason = ReasonOf<'ArchiveReady'>

const BY_CODE: Readonly<Record<string, ClickhouseReason>> = {
  43: 'RuleRefused', // ILLEGAL_TYPE_OF_ARGUMENT: the rule is about no date
  47: 'RuleRefused', // UNKNOWN_IDENTIFIER
  60: 'TableMissing', // UNKNOWN_TABLE
  81: 'TableMissing', // UNKNOWN_DATABASE
  192: 'CredentialsRefused', // UNKNOWN_USER, of servers before 21.4, like the next two
  193: 'CredentialsRefused', // WRONG_PASSWORD
  194: 'CredentialsRefused', // REQUIRED_PASSWORD
  450: 'RuleRefused', // BAD_TTL_EXPRESSION: the policy lacks the disk
  478: 'PolicyNotFound', // UNKNOWN_POLICY
  497: 'AccessDenied',
  499: 'ColdStorageUnavailable', // S3_ERROR
  516: 'CredentialsRefused',
}

/** BAD_ARGUMENTS says many things. */
const BAD_ARGUMENTS = '36'

/** @param message the server's words, which tell apart what shares a code */
export function reasonOfError(code: string, message: string): ClickhouseReason {
  if (code === BAD_ARGUMENTS) return /storage policy/i.test(message) ? 'PolicyNotSuperset' : 'RuleRefused'
  return BY_CODE[code] ?? 'StatementRefused'
}
