import { expect, test } from 'vitest'
import type { SecretOrigin } from '../components/snapshot.ts'
import { allReferences, reference, sender, snapshot, SPEC } from '../testing/snapshots.ts'
import { originFigures } from '../components/connections/named.ts'
import { secretsManaged } from './secretsManaged.ts'

const SEALED: SecretOrigin = { by: 'SealedSecret', of: 'mine' }
const spec = {
  ...SPEC,
  secrets: { requireManaged: true },
  worker: { ...SPEC.worker, imagePullSecrets: [{ name: 'registry' }] },
}

/** All of them sealed, but for these; `undefined` is kept by nothing, `null` is not there. */
function given(origins: Readonly<Record<string, SecretOrigin | null | undefined>> = {}) {
  const all = [...allReferences(), ['registry', reference('.dockerconfigjson')] as const]
  const references = all.flatMap(([name, facts]) => {
    const origin = name in origins ? origins[name] : SEALED
    return origin === null ? [] : [[name, { ...facts, ...(origin && { origin }) }] as const]
  })
  return snapshot({ sender: sender({ spec }), references: new Map(references) })
}
const prove = (...args: Parameters<typeof given>) => secretsManaged.prove(given(...args))

test('asked of nobody, nothing is proven', () => {
  expect(secretsManaged.prove(snapshot())).toEqual({
    state: 'NotConfigured',
    message: 'spec.secrets.requireManaged is not set',
  })
})

test('names what keeps each, those to pull images with included', () => {
  expect(prove({ postgres: { by: 'ExternalSecret', of: 'bank' } })).toEqual({
    state: 'Proven',
    message:
      'managed: api-tokens (SealedSecret), postgres (ExternalSecret), smtp (SealedSecret), registry (SealedSecret)',
  })
})

test.each<readonly [string, Parameters<typeof given>[0], string, RegExp]>([
  [
    'one by nothing',
    { smtp: undefined },
    'Failing',
    /^Secret smtp \(spec\.worker\.provider\.smtp\.credentialsSecretRef\) is managed by nothing that is known: docs\/secrets\.md/,
  ],
  [
    'one to pull images with',
    { registry: undefined },
    'Failing',
    /^Secret registry \(spec\.worker\.imagePullSecrets\[0\]\)/,
  ],
  [
    'one of Flux, plain in Git for all that is known',
    { smtp: { by: 'Flux', of: 'flux-system/mail' } },
    'Failing',
    /comes from Git by Kustomization flux-system\/mail and does not say/,
  ],
  [
    'one changed by hand',
    { smtp: { ...SEALED, editedBy: 'kubectl-edit' } },
    'Failing',
    /^Secret smtp \(.*\) of SealedSecret mine was changed by hand \(kubectl-edit\)$/,
  ],
  ['one that is not there', { smtp: null }, 'Unknown', /^not there: Secret smtp$/],
  ['one not there, another by nothing', { smtp: null, postgres: undefined }, 'Failing', /^Secret postgres/],
])('%s', (_, origins, state, message) => {
  const proof = prove(origins)
  expect(proof.state).toBe(state)
  expect(proof.message).toMatch(message)
})

test('the status has names alone, sorted', () => {
  expect(originFigures(given({ smtp: undefined, postgres: null }))).toEqual({
    secrets: [
      { name: 'api-tokens', ...SEALED },
      { name: 'registry', ...SEALED },
      { name: 'smtp', by: 'None' },
    ],
  })
})
