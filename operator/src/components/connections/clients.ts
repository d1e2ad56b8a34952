/** Who calls the API of the workers, and whose word on others is believed. */
import type { Connection } from './connection.ts'
import { gatewayAddresses } from '../parts/gatewaySources.ts'
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
    const believed = [...new Set([...trustedProxies, ...gatewayAddresses(sender)])]
    return {
      apiTokensDir: `${ROOT}/tokens`,
      maxRequestSizeBytes: maxRequestSizeBytes ?? 10_485_760,
      rateLimitPerIp: rateLimitPerIp ?? 100,
      rateLimitPerToken: rateLimitPerToken ?? 6_000,
      ...(believed.length > 0 && { trustedProxies: believed }),
    }
  },
  files: ({ spec }) => [secretVolume('tokens', spec.worker.http.tokensSecretRef.name)],
}
