import { describe, expect, it } from 'vitest'
import { ApiError } from '../runtime/errors.ts'
import { firstSentence, refusalText } from './sentence.ts'

const refused = (message: string, ...causes: readonly { field: string; message: string }[]) =>
  new ApiError(422, { kind: 'Status', message, details: { causes } })

describe('a refusal', () => {
  it.each([
    {
      why: 'a dump of the whole value says nothing',
      error: refused('Job.batch "x" is invalid: spec.template: Invalid value: {…}', {
        field: 'spec.template',
        message: `Invalid value: {"metadata":{"labels":{"a":"${'b'.repeat(900)}"}}}: field is immutable`,
      }),
      text: 'spec.template: field is immutable',
    },
    {
      why: 'a short value helps',
      error: refused('Deployment.apps "q" is invalid', {
        field: 'spec.template.spec.tolerations[0].operator',
        message: 'Unsupported value: "Exist": supported values: "Equal", "Exists"',
      }),
      text: 'spec.template.spec.tolerations[0].operator: Unsupported value: "Exist": supported values: "Equal", "Exists"',
    },
    {
      why: 'the first of several is enough',
      error: refused(
        'Deployment.apps "q" is invalid',
        { field: 'a', message: 'Required value' },
        { field: 'b', message: 'Required value' },
      ),
      text: 'a: Required value (and 1 more)',
    },
    {
      why: 'a field that no type has',
      error: new ApiError(500, {
        kind: 'Status',
        message:
          'failed to create typed patch object (default/q; apps/v1, Kind=Deployment): .spec.template.spec.affinity.podAntiAffinty: field not declared in schema',
      }),
      text: 'spec.template.spec.affinity.podAntiAffinty: field not declared in schema',
    },
    {
      why: 'a quota',
      error: new ApiError(403, {
        kind: 'Status',
        message: 'pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=1, limited: cpu=1',
      }),
      text: 'pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=1, limited: cpu=1',
    },
  ])('$why', ({ error, text }) => {
    expect(refusalText(error)).toBe(text)
  })

  it('is never longer than a column can bear', () => {
    const error = refused('x', { field: 'f'.repeat(400), message: 'Required value' })
    expect(refusalText(error).length).toBeLessThanOrEqual(240)
  })
})

describe('the first sentence', () => {
  it.each([
    ['Back-off pulling image "a.b/c:1". More to come', 'Back-off pulling image "a.b/c:1"'],
    ['one line\nand another', 'one line'],
    ['0/3 nodes are available: 3 Insufficient cpu.', '0/3 nodes are available: 3 Insufficient cpu.'],
  ])('of %j', (text, sentence) => {
    expect(firstSentence(text)).toBe(sentence)
  })
})
