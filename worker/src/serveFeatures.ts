/** The part of the worker that asks for feature flags, with what it tells of them. */
import type { WorkerSettings } from '../../crds/workerSettings.ts'
import type { Features } from './features/features.ts'
import type { Logger } from './log.ts'
import type { Metrics } from './metrics.ts'
import { openFeatures as open } from './features/features.ts'

export function openFeatures(settings: WorkerSettings, log: Logger, metrics: Metrics): Promise<Features> {
  return open(settings, {
    onChange: () => {
      log.info({ from: settings.featuresProvider }, 'the feature flags were read')
    },
    onDegraded: (error) => {
      metrics.featuresDegraded.set(1)
      log.error({ err: error }, 'the feature flags cannot be read: those read last stay in force')
    },
    onRecovered: () => {
      metrics.featuresDegraded.set(0)
      log.info('the feature flags can be read again')
    },
  })
}
