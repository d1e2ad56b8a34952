/** Flags of an Unleash server as a provider of OpenFeature: booleans are toggles, strings the payload of a variant. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider, ResolutionDetails } from '@openfeature/server-sdk'
import { StandardResolutionReasons as REASON } from '@openfeature/server-sdk'
import { Unleash, UnleashEvents } from 'unleash-client'
import type { FlagSource, FlagWatch } from './source.ts'

const REFRESH_MS = 3_000
/** A server that is down must not keep a worker from starting: defaults hold, or what /tmp still knows. */
const FIRST_MS = 5_000

export interface UnleashOptions {
  readonly url: string
  readonly token: string
  readonly appName: string
  readonly instanceId: string
}

export async function openUnleash(
  { url, token, appName, instanceId }: UnleashOptions,
  { onChange, onState }: FlagWatch,
): Promise<FlagSource> {
  const unleash = new Unleash({
    url,
    appName,
    instanceId,
    customHeaders: { Authorization: token },
    refreshInterval: REFRESH_MS,
    disableAutoStart: true,
    // Their failures could not be told from those of the toggles.
    disableMetrics: true,
    skipInstanceCountWarning: true,
  })
  unleash.on(UnleashEvents.Error, onState)
  unleash.on(UnleashEvents.Warn, onState)
  unleash.on(UnleashEvents.Changed, () => {
    onChange()
    onState(undefined)
  })
  unleash.on(UnleashEvents.Unchanged, () => {
    onState(undefined)
  })
  const synchronized = new Promise((resolve) => unleash.once(UnleashEvents.Synchronized, resolve))
  await unleash.start()
  await Promise.race([synchronized, sleep(FIRST_MS, undefined, { ref: false })])
  return {
    provider: unleashProvider(unleash, appName),
    close: () => {
      unleash.destroy()
    },
  }
}

function unleashProvider(unleash: Unleash, appName: string): Provider {
  /**
   * Gradual roll-outs stick to the user's id, which the key of what is asked about stands for. Without one a roll-out that
   * sticks to it is off even at 100 percent, so what is asked of everything has the key of all workers together.
   */
  const contextOf = (targetingKey = appName) => ({ userId: targetingKey })
  const isKnown = (name: string) => unleash.getFeatureToggleDefinition(name) !== undefined
  const standardOf = <Value>(value: Value): ResolutionDetails<Value> => ({ value, reason: REASON.DEFAULT })
  return {
    metadata: { name: 'unleash' },
    runsOn: 'server',
    resolveBooleanEvaluation: (name, standard, { targetingKey }) =>
      Promise.resolve(
        isKnown(name)
          ? {
              value: unleash.isEnabled(name, contextOf(targetingKey), standard),
              reason: REASON.TARGETING_MATCH,
            }
          : standardOf(standard),
      ),
    resolveStringEvaluation: (name, standard, { targetingKey }) => {
      if (!isKnown(name)) return Promise.resolve(standardOf(standard))
      const variant = unleash.getVariant(name, contextOf(targetingKey))
      return Promise.resolve(
        variant.enabled
          ? {
              value: variant.payload?.value ?? variant.name,
              variant: variant.name,
              reason: REASON.TARGETING_MATCH,
            }
          : standardOf(standard),
      )
    },
    // There is no flag of such a kind.
    resolveNumberEvaluation: (_name, standard) => Promise.resolve(standardOf(standard)),
    resolveObjectEvaluation: (_name, standard) => Promise.resolve(standardOf(standard)),
  }
}
