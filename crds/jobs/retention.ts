/** The Job that removes old backups from their bucket. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { COMMON, figure, instant, text, type Job } from './job.ts'

const RetentionSettings = Type.Object(
  {
    ...COMMON,
    s3Endpoint: text('Address of the S3 server, without the bucket.'),
    s3Bucket: text('Name of the bucket.'),
    s3Region: text('Region of the bucket.'),
    s3Prefix: Type.Optional(Type.String({ description: 'Folder with the backups, ending with `/`.' })),
    s3AccessKey: text('Access key id.'),
    s3SecretKey: text('Secret access key.'),
    fullBackups: Type.Integer({ minimum: 1, maximum: 1_000, description: 'How many full backups stay.' }),
    keep: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]+$' }), {
        description: 'Full backups that stay with their increments, however many are newer.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type RetentionSettings = Static<typeof RetentionSettings>

const RetentionReport = Type.Object(
  { job: Type.Literal('retention'), completedAt: instant, kept: figure, removed: figure, leftovers: figure },
  { additionalProperties: false },
)
export type RetentionReport = Static<typeof RetentionReport>

export const retention = {
  modes: [],
  who: 'retention',
  settings: RetentionSettings,
  report: RetentionReport,
} as const satisfies Job
