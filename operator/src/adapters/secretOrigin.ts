/** What keeps a Secret, from its metadata alone. Its values are not looked at. */
import type { SecretOrigin } from '../components/snapshot.ts'
import type { FieldSet, KubernetesObject, ObjectMeta } from '../runtime/object.ts'
import { controllerOf } from '../runtime/object.ts'

/**
 * Kinds that control the Secrets they make. Kubernetes itself deletes a Secret whose owner there is not, so the reference
 * is believed.
 */
const CONTROLLERS = [
  { kind: 'SealedSecret', group: 'bitnami.com', by: 'SealedSecret' },
  { kind: 'ExternalSecret', group: 'external-secrets.io', by: 'ExternalSecret' },
  { kind: 'Certificate', group: 'cert-manager.io', by: 'Certificate' },
  { kind: 'SopsSecret', group: 'isindir.github.com', by: 'SOPS' },
] as const

/** External Secrets, where it does not own the Secret: the rest of the manager is the name of the ExternalSecret. */
const EXTERNAL_SECRETS = 'externalsecrets.external-secrets.io/'
const CERTIFICATE_NAME = 'cert-manager.io/certificate-name'
const FLUX = 'kustomize-controller'
const FLUX_NAME = 'kustomize.toolkit.fluxcd.io/name'
const FLUX_NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace'
/** Flux leaves no trace of a decryption, so the file in Git says it, where it can be read in clear. */
export const ENCRYPTED_WITH = 'batchsender.io/encryptedWith'

export function originOf(secret: KubernetesObject): SecretOrigin | undefined {
  const { metadata } = secret
  const found = ofController(secret) ?? ofManager(metadata) ?? ofCertificate(metadata) ?? ofFlux(metadata)
  if (!found) return undefined
  const editedBy = managersOf(metadata, ['f:data']).find((manager) => manager.startsWith('kubectl'))
  return { ...found, ...(editedBy !== undefined && { editedBy: editedBy.slice(0, 128) }) }
}

function ofController(secret: KubernetesObject): SecretOrigin | undefined {
  const owner = controllerOf(secret)
  const known = CONTROLLERS.find(
    ({ kind, group }) => owner?.kind === kind && owner.apiVersion.startsWith(`${group}/`),
  )
  return known && owner && { by: known.by, of: owner.name }
}

function ofManager(metadata: ObjectMeta): SecretOrigin | undefined {
  const manager = managersOf(metadata, ['f:data']).find((one) => one.startsWith(EXTERNAL_SECRETS))
  return manager === undefined
    ? undefined
    : { by: 'ExternalSecret', of: manager.slice(EXTERNAL_SECRETS.length) }
}

function ofCertificate({ annotations }: ObjectMeta): SecretOrigin | undefined {
  const name = annotations?.[CERTIFICATE_NAME]
  return name === undefined ? undefined : { by: 'Certificate', of: name }
}

function ofFlux(metadata: ObjectMeta): SecretOrigin | undefined {
  const { labels = {}, annotations = {} } = metadata
  const name = labels[FLUX_NAME]
  if (name === undefined || !managersOf(metadata, ['f:data']).includes(FLUX)) return undefined
  // Said by the file in Git, not by whoever may annotate the Secret.
  const isSaid =
    annotations[ENCRYPTED_WITH] === 'sops' &&
    managersOf(metadata, ['f:metadata', 'f:annotations', `f:${ENCRYPTED_WITH}`]).join() === FLUX
  return { by: isSaid ? 'SOPS' : 'Flux', of: `${labels[FLUX_NAMESPACE] ?? ''}/${name}` }
}

/** Who wrote a field, or something below it, by the API server's own record. */
function managersOf({ managedFields = [] }: ObjectMeta, path: readonly string[]): readonly string[] {
  const has = (fields: FieldSet | undefined) =>
    path.reduce<FieldSet | undefined>((below, step) => below?.[step], fields) !== undefined
  return managedFields.filter(({ fieldsV1 }) => has(fieldsV1)).map(({ manager }) => manager)
}
