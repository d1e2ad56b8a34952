/** `status.networkProbes`: what the operator remembers of rounds of pods that try connections. */
import Type from 'typebox'
import { REQUESTS } from '../requests.ts'
import { stringEnum } from './structural.ts'

const instant = (description: string) => Type.String({ format: 'date-time', description })

const ProbeJob = Type.Object({
  role: Type.String({ maxLength: 63, description: 'In whose name it tries.' }),
  name: Type.String({ maxLength: 63 }),
  uid: Type.Optional(
    Type.String({ maxLength: 64, description: 'Of the Job that the operator made: no other is believed.' }),
  ),
  fault: Type.Optional(Type.String({ maxLength: 512, description: 'Why it was not made.' })),
})

export const NetworkProbes = Type.Object(
  {
    begunAt: Type.Optional(instant('When the last round was begun.')),
    round: Type.Optional(
      Type.Object(
        {
          of: Type.String({ maxLength: 64, description: 'Hashes of what it tries and of foreign policies.' }),
          jobs: Type.Array(ProbeJob, {
            minItems: 1,
            maxItems: 8,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['role'],
          }),
        },
        { description: 'The round that is under way.' },
      ),
    ),
    last: Type.Optional(
      Type.Object(
        {
          of: Type.String({ maxLength: 64 }),
          at: instant('When it was judged.'),
          state: stringEnum(['Proven', 'Failing', 'Unknown']),
          message: Type.String({ maxLength: 1024 }),
        },
        { description: 'What the last round that came to an end says.' },
      ),
    ),
    changedAt: Type.Optional(instant('Since when something else is to be tried than what `last` is about.')),
    askedAt: Type.Optional(
      instant(
        `Since when another round is asked for by ${REQUESTS.reconcile.annotation}, and did not begin yet.`,
      ),
    ),
    unproven: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Rounds in a row that did not prove it: they become rarer.' }),
    ),
  },
  { description: 'Rounds of pods that try connections, for the check network-enforced.' },
)
