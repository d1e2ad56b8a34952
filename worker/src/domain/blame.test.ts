import { describe, expect, it } from 'vitest'
import { blamesBackup } from './blame.ts'

describe('a restore that failed', () => {
  it.each([
    'Code: 599. DB::Exception: Backup S3(backup_s3) not found',
    'Code: 499. DB::Exception: The specified key does not exist. while reading x',
    'Code: 40. DB::Exception: Checksum does not match',
    'partition 202611 of email_events is missing (3 rows)',
  ])('is the fault of the backup: %s', (message) => {
    expect(blamesBackup(message)).toBe(true)
  })

  it.each([
    'Code: 499. DB::Exception: Connection refused',
    'Code: 243. DB::Exception: Cannot reserve 1 GiB',
    'Code: 497. DB::Exception: Not enough privileges',
    'Code: 201. DB::Exception: Quota exceeded',
    'Code: 439. DB::Exception: Cannot schedule a task',
    'Timeout error.',
    'read ECONNRESET',
    'socket hang up',
    'connect ECONNREFUSED 192.0.2.7:8123',
    'The user aborted a request.',
    'the server has forgotten the operation: it was restarted',
  ])('says nothing of the backup: %s', (message) => {
    expect(blamesBackup(message)).toBe(false)
  })
})
