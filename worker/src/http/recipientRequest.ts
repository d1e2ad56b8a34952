/** One recipient of a new batch, as it is given. */
import Type from 'typebox'
import type { Variables } from '../domain/variables.ts'

const SCALAR = ['string', 'number', 'boolean']

const VariablesGiven = Type.Unsafe<Variables>({
  type: 'object',
  maxProperties: 100,
  description:
    'Values for the placeholders, by name: texts, numbers, booleans, and lists of those or of objects of those. Give a number as a text where its spelling matters: 1.10 is 1.1.',
  additionalProperties: {
    type: [...SCALAR, 'array'],
    maxItems: 1_000,
    items: { type: [...SCALAR, 'object'], maxProperties: 100, additionalProperties: { type: SCALAR } },
  },
})

export const HeadersGiven = (most: number, description: string) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    type: 'object',
    maxProperties: most,
    additionalProperties: { type: 'string' },
    description,
  })

export const Recipient = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      description: 'A bare `local@domain`, mailed as given. Blanks around it are dropped.',
    }),
    variables: Type.Optional(VariablesGiven),
    headers: Type.Optional(
      HeadersGiven(
        20,
        'Headers of this mail alone; of two of one name this one counts, not that of the batch.',
      ),
    ),
  },
  { additionalProperties: false, title: 'NewRecipient' },
)
