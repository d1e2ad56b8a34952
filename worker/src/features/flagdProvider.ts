/** Flags of a set as a provider of OpenFeature; which set is in force is asked each time. */
import type { Provider } from '@openfeature/server-sdk'
import type { FlagSet } from './flagSet.ts'

export function flagdProvider(inForce: () => FlagSet): Provider {
  return {
    metadata: { name: 'flagd' },
    runsOn: 'server',
    resolveBooleanEvaluation: (name, standard, context) =>
      Promise.resolve(inForce().resolve('boolean', name, standard, context)),
    resolveStringEvaluation: (name, standard, context) =>
      Promise.resolve(inForce().resolve('string', name, standard, context)),
    resolveNumberEvaluation: (name, standard, context) =>
      Promise.resolve(inForce().resolve('number', name, standard, context)),
    resolveObjectEvaluation: (name, standard, context) =>
      Promise.resolve(inForce().resolve('object', name, standard, context)),
  }
}
