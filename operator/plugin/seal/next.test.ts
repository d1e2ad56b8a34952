import { expect, it } from 'vitest'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { Seen } from '../cluster/senders.ts'
import { SPEC } from '../../src/testing/snapshots.ts'
import { openSecrets, openText } from './next.ts'

type Origins = NonNullable<BatchSenderStatus['evidence']>['secrets']

const seen = (secrets?: Origins): Seen => ({
  name: 'orders',
  namespace: 'mail',
  generation: 1,
  spec: SPEC,
  status: secrets ? { evidence: { secrets } } : {},
  raw: { apiVersion: 'batchsender.io/v1alpha1', kind: 'BatchSender', metadata: { name: 'orders' } },
})
const open = (origins?: Origins, sealed: readonly string[] = []) =>
  Object.fromEntries(openSecrets(seen(origins), new Set(sealed)).map(({ secret, why }) => [secret, why]))

it('is open what nothing keeps, what Git may have in clear, and what was changed by hand', () => {
  const unseen = 'not seen yet'
  expect(open()).toEqual({ 'api-tokens': unseen, postgres: unseen, smtp: unseen })
  expect(
    open([
      { name: 'api-tokens', by: 'None' },
      { name: 'postgres', by: 'Flux', of: 'flux-system/mail' },
      { name: 'smtp', by: 'SealedSecret', of: 'smtp' },
    ]),
  ).toEqual({ 'api-tokens': 'managed by nothing', postgres: 'in Git, not said to be encrypted' })
  expect(
    open([
      { name: 'api-tokens', by: 'SealedSecret', of: 'api-tokens', editedBy: 'kubectl-patch' },
      { name: 'postgres', by: 'ExternalSecret', of: 'postgres' },
      { name: 'smtp', by: 'SOPS', of: 'mail/smtp' },
    ]),
  ).toEqual({ 'api-tokens': 'changed by hand (kubectl-patch)' })
})

it('is not open what was sealed right now', () => {
  expect(open([{ name: 'api-tokens', by: 'None' }], ['api-tokens', 'postgres', 'smtp'])).toEqual({})
})

it('is told within the terminal, with the place in the spec', () => {
  const text = openText(seen(), openSecrets(seen(), new Set()), 60)
  expect(text).toBe(
    [
      'to seal next for BatchSender mail/orders:',
      '  api-tokens  not seen yet: spec.worker.http.tokensSecretRef',
      '  postgres    not seen yet:',
      '              spec.postgres.credentialsSecretRef',
      '  smtp        not seen yet:',
      '              spec.worker.provider.smtp.credentialsSecretRef',
      '',
    ].join('\n'),
  )
  expect(openText(seen(), [], 80)).toBe('every Secret of BatchSender mail/orders is managed\n')
})
