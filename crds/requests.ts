/**
 * What a person asks for by an annotation, once for each new value of it. The status mirrors the last value that was
 * handled. Annotation, status field and whoever handles a request derive from this table.
 */
import type { TOptional, TString } from 'typebox'
import Type from 'typebox'

interface Request {
  readonly annotation: string
  /** Field of the status with the last value that was handled. */
  readonly handledIn: string
  /** What becomes of a value that was handled, as the description of the field says it. */
  readonly doc: string
}

export const REQUESTS = {
  reconcile: {
    annotation: 'batchsender.io/requestedAt',
    handledIn: 'lastHandledReconcileAt',
    doc: 'was handled',
  },
  backup: {
    annotation: 'batchsender.io/backupRequestedAt',
    handledIn: 'lastHandledBackupRequest',
    doc: 'led to a backup',
  },
} as const satisfies Record<string, Request>

export type RequestName = keyof typeof REQUESTS

export const REQUEST_NAMES = Object.keys(REQUESTS) as readonly RequestName[]

/** As many of a value as the status can mirror. */
export const REQUEST_CHARACTERS = 256

/** Of the status, each with the type that it has there. */
export type HandledField = (typeof REQUESTS)[RequestName]['handledIn']
export type Handled = Readonly<Partial<Record<HandledField, string>>>

export const handledFields = Object.fromEntries(
  REQUEST_NAMES.map((name) => {
    const { annotation, handledIn, doc } = REQUESTS[name]
    const description = `The last value of ${annotation} that ${doc}.`
    return [handledIn, Type.Optional(Type.String({ maxLength: REQUEST_CHARACTERS, description }))]
  }),
) as Record<HandledField, TOptional<TString>>
