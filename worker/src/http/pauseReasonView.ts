/** Why a batch paused by itself, as clients see it. */
import Type from 'typebox'
import type { PauseReason } from '../domain/pauseReason.ts'

export const PauseReasonView = Type.Object(
  {
    class: Type.String({ description: 'What the refusal means, as in `errorClass` of a recipient.' }),
    code: Type.Optional(Type.String({ description: 'As in `errorCode` of a recipient.' })),
    enhancedCode: Type.Optional(Type.String({ description: 'As the server gave it (RFC 3463).' })),
    detail: Type.Optional(Type.String({ description: 'What the server said of one recipient.' })),
    count: Type.Integer({ description: 'So many of the last results were this refusal …' }),
    of: Type.Integer({ description: '… of so many.' }),
    at: Type.String({ format: 'date-time', description: 'When it paused.' }),
  },
  { description: 'Why it paused by itself; left out otherwise.' },
)

export function pauseReasonView({ class: own, code, enhancedCode, detail, count, of, at }: PauseReason) {
  return {
    class: own,
    ...(code !== null && { code }),
    ...(enhancedCode !== null && { enhancedCode }),
    ...(detail !== null && { detail }),
    count,
    of,
    at,
  }
}
