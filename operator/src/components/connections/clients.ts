/** Who calls the API of the workers. */
import type { Connection } from './connection.ts'
import { reference, ROOT, secretVolume } from './connection.ts'

export const clients: Connection = {
  references: ({ worker }) => reference('spec.worker.http.tokensSecretRef', worker.http.tokensSecretRef, []),
  settings: ({ sender }) => {
    const {
      maxRequestSizeBytes,
      rateLimitPerIp,
      rateLimitPerToken,
      trustedProxies = [],
    } = sender.spec.worker.http
    return {
      apiTokensDir: `${ROOT}/tokens`,
      maxRequestSizeBytes: maxRequestSizeBytes ?? 10_485_760,
      rateLimitPerIp: rateLimitPerIp ?? 100,
      rateLimitPerToken: rateLimitPerToken ?? 6_000,
      ...(trustedProxies.length > 0 && { trustedProxies }),
    }
  },
  files: ({ spec }) => [secretVolume('tokens', spec.worker.http.tokensSecretRef.name)],
}
