/** The environment of the backup, verification and retention Jobs: the operator renders it, the worker parses it. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { environmentOf, renderEnvironment } from './environment.ts'
import { stringEnum } from './schema/structural.ts'

const text = (description: string) => Type.String({ minLength: 1, description })

const COMMON = {
  runName: text('The name of the pod: part of what it makes, so that two attempts never share a name.'),
  logLevel: Type.Optional(stringEnum(['debug', 'info', 'warn', 'error'], { default: 'info' })),
  deadlineSeconds: Type.Integer({ minimum: 1, maximum: 604_800, description: 'When to give up.' }),
} as const

const CLICKHOUSE = {
  clickhouseUrl: text('Address of the HTTP interface.'),
  clickhouseDatabase: text('Name of the database.'),
  clickhouseUsername: Type.Optional(Type.String({ minLength: 1 })),
  clickhousePassword: Type.Optional(Type.String()),
  clickhouseCa: Type.Optional(text('PEM of the authorities to trust, where they are private.')),
  collection: text('Named collection of the server that leads to the backups.'),
} as const

export const BackupSettings = Type.Object(
  {
    ...COMMON,
    ...CLICKHOUSE,
    checksumUsername: Type.Optional(Type.String({ minLength: 1 })),
    checksumPassword: Type.Optional(Type.String()),
    settleSeconds: Type.Integer({
      minimum: 0,
      maximum: 3_600,
      description: 'Rows younger than this are not counted: their insert may not be finished.',
    }),
  },
  { additionalProperties: false },
)
export type BackupSettings = Static<typeof BackupSettings>

export const VerifySettings = Type.Object({ ...COMMON, ...CLICKHOUSE }, { additionalProperties: false })
export type VerifySettings = Static<typeof VerifySettings>

export const RetentionSettings = Type.Object(
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

export const parseBackupSettings = environmentOf<BackupSettings>(BackupSettings, 'a backup').parse
export const parseVerifySettings = environmentOf<VerifySettings>(VerifySettings, 'a verification').parse
export const parseRetentionSettings = environmentOf<RetentionSettings>(RetentionSettings, 'retention').parse

/** The environment that the parsers read back as the same settings. */
export const renderJobSettings = (
  settings: Partial<BackupSettings> | Partial<VerifySettings> | Partial<RetentionSettings>,
): Record<string, string> => renderEnvironment(settings)
