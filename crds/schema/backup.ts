/** `spec.clickhouse.backup`: when backups are made, where to, how long they stay, and when one is restored to prove it. */
import Type from 'typebox'
import { duration, matching, rule, secretRef } from './references.ts'
import { passThrough } from './structural.ts'

/** A list of numbers, ranges and steps, in the syntax of regular expressions. */
const list = (value: string) => {
  const entry = `([*?]|${value}(-${value})?)(/[0-9]+)?`
  return `${entry}(,${entry})*`
}
const NUMBER = '[0-9]+'
const MONTH = '([0-9]+|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)'
const WEEKDAY = '(0*[0-6]|sun|mon|tue|wed|thu|fri|sat)'
const FIELDS = [NUMBER, NUMBER, NUMBER, MONTH, WEEKDAY].map(list).join(' +')
/** Whether numbers are in their bounds is told by the operator. */
const SCHEDULE = `(?i)^ *(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|${FIELDS}) *$`

const schedule = (path: string, standard: string | undefined, description: string) =>
  Type.String({
    ...(standard !== undefined && { default: standard }),
    maxLength: 100,
    description: `${description} As CronJobs have it: five fields, or @hourly, @daily, @weekly, @monthly, @yearly.`,
    'x-kubernetes-validations': [
      rule(
        `self.matches('${SCHEDULE}')`,
        `spec.clickhouse.backup.${path} must be minute, hour, day of the month, month and day of the week, such as "0 2 * * *", or @daily: days of the week are 0 (SUN) to 6 (SAT), there is no L, W, # or @every, and the time zone is spec.clickhouse.backup.timeZone`,
      ),
    ],
  })

const Bucket = Type.Object(
  {
    endpoint: Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '^https?://[^@/\\s]+/?$',
      description: 'Address of the S3 server, without the bucket.',
    }),
    bucket: Type.String({
      minLength: 3,
      maxLength: 63,
      pattern: '^[a-z0-9][-.a-z0-9]*[a-z0-9]$',
      description: 'Name of the bucket.',
    }),
    region: Type.Optional(
      Type.String({ default: 'us-east-1', maxLength: 63, description: 'Region of the bucket.' }),
    ),
    prefix: Type.Optional(
      Type.String({
        maxLength: 512,
        pattern: '^([^/\\s]+/)*$',
        description: 'Folder that the named collection leads to, ending with `/`.',
      }),
    ),
    credentialsSecretRef: secretRef('Secret with the keys `accessKey` and `secretKey`.'),
  },
  { description: 'The same place as the Job sees it that removes old backups.' },
)

const Destination = Type.Object(
  {
    namedCollection: Type.String({
      minLength: 1,
      maxLength: 63,
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      description:
        'Named collection of the server with address and keys of the bucket: they appear in no statement.',
    }),
    s3: Type.Optional(Bucket),
  },
  { description: 'Where backups go.' },
)

export const Backup = Type.Object(
  {
    schedule: Type.Optional(schedule('schedule', '0 2 * * *', 'When full backups begin.')),
    incrementalSchedule: Type.Optional(
      schedule(
        'incrementalSchedule',
        undefined,
        'When increments on the last full backup begin. Unset: never.',
      ),
    ),
    timeZone: Type.Optional(
      Type.String({
        default: 'Etc/UTC',
        minLength: 1,
        maxLength: 64,
        pattern: '^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$',
        description: 'Time zone of all schedules.',
        'x-kubernetes-validations': [
          // A name that there is not is an error of the evaluation, which the API server tells with this sentence.
          rule(
            "self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",
            'spec.clickhouse.backup.timeZone must be a name of the IANA time zone database, like Europe/Berlin',
          ),
        ],
      }),
    ),
    destination: Destination,
    retention: Type.Optional(
      Type.Object(
        {
          fullBackups: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 1_000,
              default: 14,
              description: 'How many full backups stay, with every increment on them.',
            }),
          ),
        },
        { description: 'Removes older backups every day; unset: none is ever removed.' },
      ),
    ),
    verify: Type.Optional(
      Type.Object(
        {
          schedule: Type.Optional(
            schedule(
              'verify.schedule',
              '0 4 * * *',
              'When the newest backup is restored, compared and dropped again.',
            ),
          ),
        },
        { description: 'Restores the newest backup beside the source; the server needs room for a copy.' },
      ),
    ),
    resources: Type.Optional(
      passThrough<object>({
        description:
          'Requests and limits of the containers of all these Jobs. Unset: 50m and 96Mi asked, 256Mi at most.',
      }),
    ),
  },
  {
    description: 'Backups of the database by the server itself.',
    'x-kubernetes-validations': [
      rule(
        '!has(self.retention) || has(self.destination.s3)',
        'spec.clickhouse.backup.retention needs spec.clickhouse.backup.destination.s3: old backups are removed there',
      ),
    ],
  },
)

export const Objectives = Type.Object(
  {
    rpo: duration(
      'spec.objectives.rpo',
      '15m',
      'How much of the past may be lost with ClickHouse: backup-fresh fails when the newest backup is older.',
    ),
    availability: Type.Optional(
      Type.String({
        default: '99.9',
        maxLength: 6,
        description:
          'Requests of 100 that the API answers without a fault of its own (5xx), over 30 days: what ErrorBudgetBurn is held against.',
        'x-kubernetes-validations': [
          matching(
            '^[5-9][0-9]([.][0-9]{1,3})?$',
            'spec.objectives.availability must be a number from 50 to 99.999 in quotes, like "99.9"',
          ),
        ],
      }),
    ),
  },
  { description: 'What the checks hold backups against, and the alerts the API.' },
)
