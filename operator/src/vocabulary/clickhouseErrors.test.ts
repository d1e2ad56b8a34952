import { describe, expect, it } from 'vitest'
import { reasonOfError } from './clickhouseErrors.ts'

describe('an error of ClickHouse', () => {
  it.each([
    { code: '450', says: 'No such disk `s3` for given storage policy', reason: 'RuleRefused' },
    {
      code: '36',
      says: 'New storage policy `x` shall contain volumes of the old storage policy `y`',
      reason: 'PolicyNotSuperset',
    },
    {
      code: '36',
      says: 'TTL expression does not depend on any of the columns of the table',
      reason: 'RuleRefused',
    },
    { code: '478', says: 'Unknown storage policy `x`', reason: 'PolicyNotFound' },
    {
      code: '43',
      says: 'TTL expression result column should have DateTime or Date type',
      reason: 'RuleRefused',
    },
    { code: '47', says: 'Missing columns: nothing', reason: 'RuleRefused' },
    { code: '60', says: 'Table mail.email_events does not exist', reason: 'TableMissing' },
    { code: '81', says: 'Database mail does not exist', reason: 'TableMissing' },
    { code: '497', says: 'Not enough privileges', reason: 'AccessDenied' },
    { code: '499', says: 'Connection refused', reason: 'ColdStorageUnavailable' },
    { code: '516', says: 'Authentication failed', reason: 'CredentialsRefused' },
    { code: '193', says: 'Wrong password for user worker', reason: 'CredentialsRefused' },
    { code: '241', says: 'Memory limit exceeded', reason: 'StatementRefused' },
  ])('$code "$says" means $reason', ({ code, says, reason }) => {
    expect(reasonOfError(code, says)).toBe(reason)
  })
})
