/** Who is mailed, and unsubscribes by a link. */
import type { Connection } from './connection.ts'
import { reference, ROOT, secretVolume } from './connection.ts'

export const recipients: Connection = {
  references: ({ worker }) =>
    reference('spec.worker.unsubscribe.keySecretRef', worker.unsubscribe?.keySecretRef, ['key']),
  settings: ({ sender }) => {
    const { unsubscribe } = sender.spec.worker
    return unsubscribe
      ? { unsubscribeBaseUrl: unsubscribe.baseUrl, unsubscribeKeyFile: `${ROOT}/unsubscribe/key` }
      : {}
  },
  files: ({ spec: { worker } }) =>
    worker.unsubscribe ? [secretVolume('unsubscribe', worker.unsubscribe.keySecretRef.name)] : [],
}
