/** Flags of an Unleash server as a provider of OpenFeature: booleans are toggles, strings the payload of a variant. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider, ResolutionDetails } from '@openfeature/server-sdk'
import { StandardResolutionReasons as REASON } from '@openfeature/server-sdk'
import { Unleash, UnleashEvents } from 'unleash-client'
import type { FlagSource, FlagWatch } from './source.ts'
import { LoginNote } from '../sending/loginNote.ts'

const REFRESH_MS = 3_000
/** A server that is down must not keep a worker from starting: defaults hold, or what /tmp still knows. */
const FIRST_MS = 5_000
/** The vendor's client asks no more once its token was refused; another one does, after this long. */
const REFUSED_MS = 30_000

export interface UnleashOptions {
  readonly url: string
  readonly token: string
  readonly appName: string
  readonly instanceId: string
}

export async function openUnleash(options: UnleashOptions, watch: FlagWatch): Promise<FlagSource> {
  const closing = new AbortController()
  const login = new LoginNote()
  /** Who has the flags; one that was refused keeps those that it read. */
  let current: Unleash | undefined
  const connect = async (): Promise<void> => {
    const unleash = clientOf(options)
    current ??= unleash
    const answered = () => {
      login.note('accepted')
      if (current !== unleash) current?.destroy()
      current = unleash
      watch.onState(undefined)
    }
    const failed = (error: unknown) => {
      watch.onState(error)
      if (!isRefusal(error)) return
      login.note('refused')
      void replaced(unleash)
    }
    unleash.on(UnleashEvents.Error, failed)
    unleash.on(UnleashEvents.Warn, watch.onState)
    unleash.on(UnleashEvents.Changed, () => {
      watch.onChange()
      answered()
    })
    unleash.on(UnleashEvents.Unchanged, answered)
    const synchronized = new Promise((resolve) => unleash.once(UnleashEvents.Synchronized, resolve))
    await unleash.start()
    await Promise.race([synchronized, sleep(FIRST_MS, undefined, { ref: false })])
  }
  const replaced = async (refused: Unleash): Promise<void> => {
    await sleep(REFUSED_MS, undefined, { ref: false, signal: closing.signal }).catch(() => undefined)
    if (closing.signal.aborted) return
    if (refused !== current) refused.destroy()
    await connect()
  }
  await connect()
  return {
    provider: unleashProvider(() => current, options.appName),
    login: () => login.said,
    close: () => {
      closing.abort()
      current?.destroy()
    },
  }
}

function clientOf({ url, token, appName, instanceId }: UnleashOptions): Unleash {
  return new Unleash({
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
}

/** The client has nothing but these words for it (6.12.1). */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && / responded 40[13] /.test(error.message)

function unleashProvider(client: () => Unleash | undefined, appName: string): Provider {
  /**
   * Gradual roll-outs stick to the user's id, which the key of what is asked about stands for. Without one a roll-out that
   * sticks to it is off even at 100 percent, so what is asked of everything has the key of all workers together.
   */
  const contextOf = (targetingKey = appName) => ({ userId: targetingKey })
  const known = (name: string) => {
    const unleash = client()
    return unleash?.getFeatureToggleDefinition(name) === undefined ? undefined : unleash
  }
  const standardOf = <Value>(value: Value): ResolutionDetails<Value> => ({ value, reason: REASON.DEFAULT })
  return {
    metadata: { name: 'unleash' },
    runsOn: 'server',
    resolveBooleanEvaluation: (name, standard, { targetingKey }) => {
      const value = known(name)?.isEnabled(name, contextOf(targetingKey), standard)
      return Promise.resolve(
        value === undefined ? standardOf(standard) : { value, reason: REASON.TARGETING_MATCH },
      )
    },
    resolveStringEvaluation: (name, standard, { targetingKey }) => {
      const variant = known(name)?.getVariant(name, contextOf(targetingKey))
      return Promise.resolve(
        variant?.enabled === true
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
