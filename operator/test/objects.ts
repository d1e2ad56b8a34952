/** What tests ask the API server for. */
import { parseAllDocuments } from 'yaml'

export function secretOf(namespace: string, name: string, texts: Readonly<Record<string, string>>) {
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  const data = Object.fromEntries(encoded) as Readonly<Record<string, string>>
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data }
}

export function batchSenderOf(namespace: string, name: string, spec: object) {
  return {
    apiVersion: 'batchsender.io/v1alpha1',
    kind: 'BatchSender',
    metadata: { name, namespace },
    spec: {
      worker: {
        provider: { smtp: { host: 'mail.example.com' } },
        http: { tokensSecretRef: { name: 'api-tokens' } },
      },
      postgres: { credentialsSecretRef: { name: 'postgres' } },
      nats: { managed: {} },
      ...spec,
    },
  }
}

/** The same manifests with a user in place of the service account. */
export function boundToUser(manifests: string, user: string): string {
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }]
  return parseAllDocuments(manifests)
    .map((document) => document.toJS() as object)
    .map((object) => JSON.stringify('subjects' in object ? { ...object, subjects } : object))
    .join('\n---\n')
}

/** Of what the operator makes in a namespace. */
export const KINDS = [
  'secrets',
  'configmaps',
  'services',
  'serviceaccounts',
  'statefulsets',
  'poddisruptionbudgets',
  'networkpolicies',
  'jobs',
  'deployments',
]
