/** What an error while carrying out one step means for it. Pure. */
import type { Outcome } from './ports.ts'
import type { Streak } from '../runtime/failures.ts'
import { isLasting } from '../runtime/failures.ts'
import type { ApiError } from '../runtime/errors.ts'
import { isMisfit, isPanic, isRefusal, Waiting } from '../runtime/errors.ts'
import { firstSentence, refusalText } from '../vocabulary/sentence.ts'

/**
 * @param what the step was about, as messages name it.
 * @param failed counts one more failure of this step, for those that may pass.
 */
export function outcomeOfError(what: string, error: unknown, failed: () => Streak): Outcome {
  if (error instanceof Waiting) return { state: 'waiting', what, againMs: error.afterMs, ...told(error) }
  if (!isRefusal(error)) {
    const lasting = isPanic(error) || isLasting(failed())
    return { state: 'failed', what, message: firstSentence(messageOf(error)), lasting, error }
  }
  // The object goes with its namespace; there is nobody left to tell.
  if (isTerminating(error)) return { state: 'waiting', what }
  return { state: 'refused', what, message: refusalText(error), invalid: isUsersFault(error) }
}

function told({ why }: Waiting): { readonly why?: string } {
  return why === undefined ? {} : { why }
}

function isTerminating({ causes }: ApiError): boolean {
  return causes.some(({ reason }) => reason === 'NamespaceTerminating')
}

/** Parts of a manifest that the user's spec is passed on to as it is. */
const USERS_FIELDS =
  /(affinity|tolerations|nodeSelector|topologySpreadConstraints|priorityClassName|imagePullSecrets|resources|\.image\b|spec\.metrics|spec\.behavior|spec\.(ingress|egress)|metadata\.(labels|annotations))/

/** A person must change the spec, and nothing else will help. What cannot be changed any more is not their fault. */
function isUsersFault(error: ApiError): boolean {
  if (isMisfit(error)) return true
  return (
    error.status === 422 &&
    error.causes.some(
      ({ field = '', message = '' }) => USERS_FIELDS.test(field) && !message.endsWith('field is immutable'),
    )
  )
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
