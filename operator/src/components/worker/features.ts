/** Where a worker finds its feature flags: settings, the mounted ConfigMap, the token of Unleash. */
import type { Raw } from '../parts/manifests.ts'
import type { Features } from '../../../../crds/schema/features.ts'
import type { WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { V1Volume } from '@kubernetes/client-node'

const VOLUME = 'features'

const FILE = 'flags.json'

export function featureSettings(features: Features | undefined, root: string): Partial<WorkerSettingsInput> {
  if (!features) return {}
  const { provider, flags, configMapRef, unleash } = features
  return {
    featuresProvider: provider,
    ...(flags && { featureFlags: pairsOf(flags) }),
    ...(configMapRef && { featuresFile: `${root}/${VOLUME}/${FILE}` }),
    ...(unleash && { unleashUrl: unleash.url, unleashAppName: unleash.appName ?? 'batchsender' }),
  }
}

function pairsOf(flags: NonNullable<Features['flags']>): string {
  const { 'wide-claims': percent, ...others } = flags
  const pairs = Object.entries(others).map(([name, value]) => `${name}=${String(value)}`)
  return [...pairs.sort(), ...(percent === undefined ? [] : [`wide-claims=${percent}%`])].join(',')
}

/** As a whole, since a file mounted by `subPath` never changes; pods start without it, too. */
export function featureVolumes(features: Features | undefined): Raw<V1Volume>[] {
  if (!features?.configMapRef) return []
  const { name } = features.configMapRef
  return [{ name: VOLUME, configMap: { name, defaultMode: 0o440, optional: true } }]
}
