/** The feature flags, with what is told of them. */
import type { Features } from '../features/features.ts'
import type { Part } from '../runtime/parts.ts'
import type { Context } from './context.ts'
import { openFeatures as open } from '../features/features.ts'

export function openFeatures({ settings, log, metrics }: Context): Promise<Features & Part> {
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
