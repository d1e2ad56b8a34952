/** Which problem an error is: a table of the framework's codes, and what means "not now". */
import type { FastifyError } from 'fastify'
import type { FieldError, ProblemType } from './problem.ts'
import { isOutage } from '../domain/outage.ts'
import { pointerPart, Problem } from './problem.ts'
import type { Fault } from './validation.ts'

const FRAMEWORK: Readonly<Record<string, ProblemType>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-json',
  FST_ERR_BAD_URL: 'not-found',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (!(error instanceof Error)) return new Problem('internal')
  const { validation, validationContext, code = '', statusCode } = error as Partial<FastifyError> & Error
  if (validation)
    return new Problem(
      'invalid-request',
      validation.map((fault) => fieldError(fault, validationContext)),
    )
  const type = FRAMEWORK[code]
  if (type !== undefined) return new Problem(type)
  if (statusCode === 400) return new Problem('malformed-json')
  if (isOutage(error)) return new Problem('unavailable')
  return new Problem('internal')
}

/** @param context what the fault is of: the body, or parameters, which are named without a slash */
export function fieldError(fault: Fault, context: string | undefined): FieldError {
  const { instancePath, keyword, params, message } = fault
  const named: unknown = params['missingProperty'] ?? params['additionalProperty']
  const path = typeof named === 'string' ? `${instancePath}/${pointerPart(named)}` : instancePath
  return {
    pointer: context === undefined || context === 'body' ? path : path.slice(1),
    code: keyword === 'additionalProperties' ? 'unknown_field' : keyword,
    ...detailOf(params, message),
  }
}

function detailOf(params: Fault['params'], message: string | undefined): Pick<FieldError, 'detail'> {
  const { allowedValues } = params
  if (Array.isArray(allowedValues)) return { detail: `one of ${allowedValues.join(', ')}` }
  return message ? { detail: message } : {}
}
