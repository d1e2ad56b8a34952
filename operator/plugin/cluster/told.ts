/** What the API server or the way to it has against a request, as one line for whoever typed. Pure. */
import { ApiError } from '../../src/runtime/errors.ts'
import { firstSentence, refusalText } from '../../src/vocabulary/sentence.ts'
import { Failure } from '../cli/failure.ts'

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be resolved',
  ETIMEDOUT: 'it does not answer in time',
  ECONNRESET: 'it breaks the connection off',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
}

/** @param server where it was asked, when that is known */
export function told(error: unknown, server?: string): string {
  if (error instanceof Failure) return error.message
  const where = server === undefined ? 'the API server' : `the API server at ${server}`
  if (error instanceof ApiError) return refused(error, where)
  const code = codeOf(error)
  const known = code === undefined ? undefined : UNREACHABLE[code]
  if (known !== undefined)
    return `${where} cannot be reached: ${known} (${code ?? ''}); kubectl cluster-info says whether it is up`
  const words = error instanceof Error ? error.message : String(error)
  if (code !== undefined && /CERT|SSL|TLS|ISSUER|SELF_SIGNED|ALTNAME/.test(code))
    return `the certificate of ${where} is not believed (${code}): see certificate-authority in the kubeconfig`
  return firstSentence(words)
}

function refused(error: ApiError, where: string): string {
  const words = refusalText(error)
  switch (error.status) {
    case 401:
      return `${where} does not know who you are (401): log in again, or choose another --context`
    case 403:
      return `you may not do that (403): ${words}`
    case 404:
      return `not found (404): ${words}`
    case 409:
      return `in conflict with somebody else's change (409): ${words}`
    default:
      return `${where} refuses it (${error.status}): ${words}`
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause === undefined ? undefined : codeOf(error.cause)
}

export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403
}
