/** Where workers find their feature flags: settings, a mounted ConfigMap, or Unleash. */
import type { Features } from '../../../../crds/schema/features.ts'
import type { Connection } from './connection.ts'
import { webAddresses } from '../parts/addresses.ts'
import { reference, ROOT } from './connection.ts'

const VOLUME = 'features'
const FILE = 'flags.json'
/** The key of the Secret that `spec.worker.features.unleash.tokenSecretRef` names. */
export const UNLEASH_TOKEN = 'token'

export const features: Connection = {
  references: ({ worker }) =>
    reference('spec.worker.features.unleash.tokenSecretRef', worker.features?.unleash?.tokenSecretRef, [
      UNLEASH_TOKEN,
    ]),
  settings: ({ sender }) => {
    const wanted = sender.spec.worker.features
    if (!wanted) return {}
    const { provider, flags, configMapRef, unleash } = wanted
    return {
      featuresProvider: provider,
      ...(flags && { featureFlags: pairsOf(flags) }),
      ...(configMapRef && { featuresFile: `${ROOT}/${VOLUME}/${FILE}` }),
      ...(unleash && { unleashUrl: unleash.url, unleashAppName: unleash.appName ?? 'batchsender' }),
    }
  },
  secrets: ({ sender }) => {
    const unleash = sender.spec.worker.features?.unleash
    return unleash ? { unleashToken: [unleash.tokenSecretRef.name, UNLEASH_TOKEN] } : {}
  },
  // As a whole, since a file mounted by `subPath` never changes; pods start without it, too.
  files: ({ spec }) => {
    const wanted = spec.worker.features?.configMapRef
    return wanted
      ? [{ name: VOLUME, configMap: { name: wanted.name, defaultMode: 0o440, optional: true } }]
      : []
  },
  way: {
    destination: 'unleash',
    dialledBy: ['worker'],
    addresses: ({ spec }) => webAddresses(spec.worker.features?.unleash?.url),
  },
}

function pairsOf(flags: NonNullable<Features['flags']>): string {
  const { 'wide-claims': percent, ...others } = flags
  const pairs = Object.entries(others).map(([name, value]) => `${name}=${String(value)}`)
  return [...pairs.sort(), ...(percent === undefined ? [] : [`wide-claims=${percent}%`])].join(',')
}
