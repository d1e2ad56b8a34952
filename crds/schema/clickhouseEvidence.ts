/** What the status remembers of ClickHouse: its backups, and how many rows there were. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { BACKUP_KINDS } from '../jobs/backup.ts'
import { JOB_NAMES } from '../jobs/index.ts'
import { stringEnum } from './structural.ts'

export const instant = (description: string) => Type.String({ format: 'date-time', description })
const count = (description: string) => Type.Integer({ minimum: 0, description })
const backupName = Type.String({ maxLength: 200, description: 'Its name at the destination.' })
const rowHash = Type.String({ maxLength: 16, description: 'Over the rows of every table and partition.' })

const BackupMade = Type.Object({
  name: backupName,
  kind: stringEnum(BACKUP_KINDS),
  cutoff: instant('What was written before is in it.'),
  completedAt: instant('When it was complete.'),
  sizeBytes: count('Size at the destination, with what it shares with its base.'),
  rows: count('Rows that were counted before it.'),
  partitions: count('Partitions of these.'),
  hash: rowHash,
})

const Verified = Type.Object({
  name: backupName,
  completedAt: instant('When the comparison was done.'),
  rows: count('Rows that were found equal.'),
  partitions: count('Partitions of these.'),
  hash: rowHash,
})

const Refused = Type.Object({
  what: Type.String({
    maxLength: 253,
    description: 'The Job that reported it, or the backup that is listed.',
  }),
  message: Type.String({ maxLength: 512, description: 'Why it is not believed.' }),
})

const PartitionMark = Type.Object({
  id: Type.String({ maxLength: 64 }),
  rows: count('Most rows that were seen in it, to three digits.'),
  left: Type.Optional(count('Rows that are there while it has lost some.')),
})

export const TableMarks = Type.Object({
  name: Type.String({ maxLength: 63 }),
  uuid: Type.String({ maxLength: 36, description: 'Which table of that name it is.' }),
  partitions: Type.Array(PartitionMark, {
    minItems: 1,
    maxItems: 600,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['id'],
    description: 'The newest, and every one that has lost rows.',
  }),
})
export type TableMarks = Static<typeof TableMarks>

const JobFailure = Type.Object({
  job: stringEnum(JOB_NAMES),
  failedAt: instant('When it ended.'),
  backup: Type.Optional(backupName),
  message: Type.String({ maxLength: 1024 }),
})

export const BackupEvidence = Type.Object(
  {
    last: Type.Optional(BackupMade),
    lastFull: Type.Optional(BackupMade),
    verified: Type.Optional(Verified),
    kept: Type.Optional(
      Type.Object(
        { name: backupName, rows: count('Rows that were counted before it.') },
        {
          description:
            'The newest full backup that has everything: it stays, whatever is made after rows were lost.',
        },
      ),
    ),
    repaired: Type.Optional(
      Type.String({
        maxLength: 200,
        description: 'The last backup that was damaged or missing, for which another full one was begun.',
      }),
    ),
    refused: Type.Optional(
      Type.Array(Refused, {
        maxItems: 3,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['what'],
        description: 'What Jobs report and lists say that the server and the destination do not bear out.',
      }),
    ),
    failures: Type.Optional(
      Type.Array(JobFailure, {
        maxItems: 3,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['job'],
        description: 'Jobs that failed and have not succeeded since.',
      }),
    ),
  },
  { description: 'Backups of ClickHouse, as the server and the destination show them.' },
)
export type BackupEvidence = Static<typeof BackupEvidence>
