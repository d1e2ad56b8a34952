import { describe, expect, test } from 'vitest'
import type { FieldSet, ObjectMeta } from '../runtime/object.ts'
import { ENCRYPTED_WITH, originOf } from './secretOrigin.ts'

const secret = (metadata: Partial<ObjectMeta>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'smtp', ...metadata },
})
const owner = (apiVersion: string, kind: string, controller = true) => ({
  ownerReferences: [{ apiVersion, kind, name: 'mine', uid: '1', controller }],
})
const DATA = { 'f:data': { 'f:password': {} } }
const fields = (manager: string, fieldsV1: FieldSet = DATA) => ({
  manager,
  operation: 'Update' as const,
  fieldsV1,
})
const FLUX = {
  labels: {
    'kustomize.toolkit.fluxcd.io/name': 'mail',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  },
}
const SAID = { annotations: { [ENCRYPTED_WITH]: 'sops' } }
const NOTE = { 'f:metadata': { 'f:annotations': { [`f:${ENCRYPTED_WITH}`]: {} } } }

describe('a Secret', () => {
  test.each<readonly [string, Partial<ObjectMeta>, object | undefined]>([
    ['made with kubectl', { managedFields: [fields('kubectl-create')] }, undefined],
    ['of a SealedSecret', owner('bitnami.com/v1alpha1', 'SealedSecret'), { by: 'SealedSecret', of: 'mine' }],
    ['of another kind of that name', owner('example.com/v1', 'SealedSecret'), undefined],
    ['that a SealedSecret does not control', owner('bitnami.com/v1alpha1', 'SealedSecret', false), undefined],
    [
      'of an ExternalSecret',
      owner('external-secrets.io/v1', 'ExternalSecret'),
      { by: 'ExternalSecret', of: 'mine' },
    ],
    [
      'that an ExternalSecret fills without owning it',
      { managedFields: [fields('externalsecrets.external-secrets.io/bank')] },
      { by: 'ExternalSecret', of: 'bank' },
    ],
    [
      'with no more than the label of External Secrets',
      { labels: { 'reconcile.external-secrets.io/managed': 'true' } },
      undefined,
    ],
    [
      'of a Certificate',
      { annotations: { 'cert-manager.io/certificate-name': 'nats' } },
      { by: 'Certificate', of: 'nats' },
    ],
    [
      'of sops-secrets-operator',
      owner('isindir.github.com/v1alpha3', 'SopsSecret'),
      { by: 'SOPS', of: 'mine' },
    ],
    [
      'that Flux has from Git',
      { ...FLUX, managedFields: [fields('kustomize-controller')] },
      { by: 'Flux', of: 'flux-system/mail' },
    ],
    [
      'that Flux has from Git, where it says that it is encrypted',
      { ...FLUX, ...SAID, managedFields: [fields('kustomize-controller', { ...DATA, ...NOTE })] },
      { by: 'SOPS', of: 'flux-system/mail' },
    ],
    [
      'of which somebody else says that',
      { ...FLUX, ...SAID, managedFields: [fields('kustomize-controller'), fields('kubectl-annotate', NOTE)] },
      { by: 'Flux', of: 'flux-system/mail' },
    ],
    [
      'with the labels of Flux, and data of somebody else',
      { ...FLUX, managedFields: [fields('kubectl-create')] },
      undefined,
    ],
    [
      'of a SealedSecret, changed by hand since',
      {
        ...owner('bitnami.com/v1alpha1', 'SealedSecret'),
        managedFields: [fields('controller'), fields('kubectl-edit')],
      },
      { by: 'SealedSecret', of: 'mine', editedBy: 'kubectl-edit' },
    ],
    [
      'of a SealedSecret, labelled by hand since',
      {
        ...owner('bitnami.com/v1alpha1', 'SealedSecret'),
        managedFields: [fields('kubectl-label', { 'f:metadata': { 'f:labels': { 'f:team': {} } } })],
      },
      { by: 'SealedSecret', of: 'mine' },
    ],
  ])('%s', (_, metadata, expected) => {
    expect(originOf(secret(metadata))).toEqual(expected)
  })
})
