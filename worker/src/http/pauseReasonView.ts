/** Why a batch paused by itself, as clients see it. */
import Type from 'typebox'
import type { PauseReason } from '../domain/pauseReason.ts'

export const PauseReasonView = Type.Object(
  {
    errorClass: Type.String({ description: 'Whose fault the refusal is: see the table of classes.' }),
    errorCode: Type.Optional(Type.String({ description: 'As recipients have it.' })),
    enhancedCode: Type.Optional(Type.String({ description: 'As the server gave it (RFC 3463).' })),
    words: Type.Optional(Type.String({ description: 'What the server said of one recipient.' })),
    count: Type.Integer({ description: 'So many of the last results were this refusal …' }),
    of: Type.Integer({ description: '… of so many.' }),
    at: Type.String({ format: 'date-time', description: 'When it paused.' }),
  },
  { title: 'PauseReason', description: 'Why it paused by itself; left out otherwise.' },
)

export function pauseReasonView({ class: own, code, enhancedCode, detail, count, of, at }: PauseReason) {
  return {
    errorClass: own,
    ...(code !== null && { errorCode: code }),
    ...(enhancedCode !== null && { enhancedCode }),
    ...(detail !== null && { words: detail }),
    count,
    of,
    at,
  }
}
