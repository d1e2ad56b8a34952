/** Uploads as clients see them. */
import Type from 'typebox'
import type { Taken } from './upload.ts'
import { FieldErrorView, List } from '../problem.ts'

const offset = Type.Integer({
  description:
    'Rows of the batch that were taken so far, whatever became of them: the next one has this number.',
})

export const UploadStateView = Type.Object(
  {
    offset,
    refused: Type.Integer({ description: 'Of these, how many were at fault and are left out.' }),
  },
  { title: 'UploadState', description: 'What was taken of its rows.' },
)

export const OpenUploadView = Type.Object(
  {
    ...UploadStateView.properties,
    open: Type.Boolean({ description: 'Whether more may be added.' }),
  },
  { title: 'Upload' },
)

export const RefusedRowView = Type.Object(
  {
    row: Type.Integer({ description: 'Its number, from 0, over all that was given to the batch.' }),
    errors: List(FieldErrorView, { description: 'What is wrong with it, the first five faults.' }),
  },
  { title: 'RefusedRow' },
)

export const TakenView = Type.Object(
  {
    offset,
    repeated: Type.Integer({ description: 'Rows of this request that had been taken before.' }),
    recipients: Type.Integer({ description: 'Rows of this request that are new recipients.' }),
    duplicates: Type.Integer({
      description: 'Rows of this request that are the same mailbox as another of the batch.',
    }),
    refused: Type.Integer({ description: 'Rows of this request that were at fault and are left out.' }),
    refusals: List(RefusedRowView, { description: 'The first twenty of those at fault.' }),
  },
  { title: 'TakenRows' },
)

export const takenView = (taken: Taken): Taken => taken
