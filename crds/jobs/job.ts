/** What a Job of the worker's program is made of, and the pieces that several share. */
import type { TObject } from 'typebox'
import Type from 'typebox'
import { stringEnum } from '../schema/structural.ts'

export interface Job {
  /** What is said behind its name on the command line; empty where nothing is. */
  readonly modes: readonly string[]
  /** The program whose environment it is, as a message names it. */
  readonly who: string
  /** Its environment: the operator renders it, the worker parses it. */
  readonly settings: TObject
  /** What it says of itself when it went well. */
  readonly report: TObject
}

/** Settings of every Job. */
export const COMMON = {
  runName: text('The name of the pod: part of what it makes, so that two attempts never share a name.'),
  logLevel: Type.Optional(stringEnum(['debug', 'info', 'warn', 'error'], { default: 'info' })),
  deadlineSeconds: Type.Integer({ minimum: 1, maximum: 604_800, description: 'When to give up.' }),
} as const

/** Settings of those that ask ClickHouse. */
export const CLICKHOUSE = {
  clickhouseUrl: text('Address of the HTTP interface.'),
  clickhouseDatabase: text('Name of the database.'),
  clickhouseUsername: Type.Optional(Type.String({ minLength: 1 })),
  clickhousePassword: Type.Optional(Type.String()),
  clickhouseCa: Type.Optional(text('PEM of the authorities to trust, where they are private.')),
  collection: text('Named collection of the server that leads to the backups.'),
} as const

export function text(description: string) {
  return Type.String({ minLength: 1, description })
}

/** Of a report. */
export const instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' })
export const backupName = Type.String({ minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9-]+$' })
export const figure = Type.Integer({ minimum: 0 })

/** What was counted. */
export const FIGURES = {
  rows: figure,
  partitions: figure,
  hash: Type.String({ pattern: '^[0-9a-f]{16}$', description: 'Over every table and partition.' }),
} as const
