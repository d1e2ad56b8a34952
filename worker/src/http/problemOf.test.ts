import { expect, test } from 'vitest'
import { Problem } from './problem.ts'
import { problemOf } from './problemOf.ts'

const error = (message: string, more: object) => Object.assign(new Error(message), more)

test.each([
  ['a body too large', error('x', { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 413],
  ['another content type', error('x', { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }), 415],
  ['no JSON', error('x', { statusCode: 400 }), 400],
  ['a refused connection', error('connect ECONNREFUSED 10.0.0.1:5432', { code: 'ECONNREFUSED' }), 503],
  ['a server that shuts down', error('terminating', { code: '57P01' }), 503],
  ['a pool that is exhausted', error('timeout exceeded when trying to connect', {}), 503],
  ['a statement that is wrong', error('relation "batch" does not exist', { code: '42P01' }), 500],
  ['what is not an error', 'oops', 500],
])('%s', (_, thrown, status) => {
  const document = problemOf(thrown).document('id')
  expect(document.status).toBe(status)
  expect(JSON.stringify(document)).not.toMatch(/10\.0\.0\.1|relation|terminating|oops/)
})

test('a schema’s fault is told with its pointer', () => {
  const fault = {
    instancePath: '/recipients/0',
    keyword: 'additionalProperties',
    params: { additionalProperty: 'a/b' },
    message: '',
    schemaPath: '',
  }
  expect(problemOf(error('x', { validation: [fault], validationContext: 'body' })).errors).toEqual([
    { pointer: '/recipients/0/a~1b', code: 'unknown_field' },
  ])
})

test('no more than twenty errors are told', () => {
  const many = Array.from({ length: 30 }, (_, index) => ({ pointer: `/${index}`, code: 'x' }))
  expect(new Problem('invalid-request', many).document('id').errors).toHaveLength(20)
})
