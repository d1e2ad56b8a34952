/** The environment of the migration: the operator renders it, the worker's program parses it. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { environmentOf, renderEnvironment } from './environment.ts'
import { stringEnum } from './schema/structural.ts'

/** No more than this, so that hardly any edit of a BatchSender changes what a migration is made of. */
const MigrationSettings = Type.Object(
  {
    logLevel: Type.Optional(stringEnum(['debug', 'info', 'warn', 'error'], { default: 'info' })),
    postgresUrl: Type.String({
      minLength: 1,
      description: 'Past a pooler where there is one: poolers break migrations.',
    }),
    postgresCaFile: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)

/** Settings as they are written: optional ones may be left out. */
export type MigrationSettingsInput = Static<typeof MigrationSettings>
/** Settings as the program sees them. */
export type MigrationSettings = MigrationSettingsInput & Required<Pick<MigrationSettingsInput, 'logLevel'>>

export const parseMigrationSettings = environmentOf<MigrationSettings>(MigrationSettings, 'a migration').parse

/** The environment that `parseMigrationSettings` reads back as the same settings. */
export const renderMigrationSettings = (settings: Partial<MigrationSettingsInput>): Record<string, string> =>
  renderEnvironment(settings)
