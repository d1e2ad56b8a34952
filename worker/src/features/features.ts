/** The switches of this worker, asked through OpenFeature wherever they are kept. */
import { randomUUID } from 'node:crypto'
import { OpenFeature } from '@openfeature/server-sdk'
import type { WorkerSettings } from '../../../crds/workerSettings.ts'
import type { FlagName } from '../domain/flags.ts'
import type { OnUncertain } from '../domain/retryClasses.ts'
import type { LoginSaid, Switches } from '../sending/ports.ts'
import type { FlagSource, FlagWatch } from './source.ts'
import { FLAG_NAMES, mayBe } from '../domain/flags.ts'
import { flagdTextOf } from '../domain/flagText.ts'
import { flagdProvider } from './flagdProvider.ts'
import { openFlagFile } from './flagFile.ts'
import type { FlagSet } from './flagSet.ts'
import { emptyFlagSet, parseFlagSet } from './flagSet.ts'
import { openUnleash } from './unleash.ts'

export interface FlagInForce {
  readonly value: boolean | string
  readonly reason: string
}

export interface Features extends Switches {
  readonly provider: NonNullable<WorkerSettings['featuresProvider']> | 'None'
  /** As they are when no batch is asked about. */
  inForce(): Promise<Readonly<Record<FlagName, FlagInForce>>>
  /** Whether what was read last is in force because something newer cannot be. */
  isDegraded(): boolean
  /** What the server that keeps the flags said of our credentials; `unknown` where there is none. */
  login(): LoginSaid
  close(): void
}

export interface FeatureNews {
  readonly onChange: () => void
  /** Told once for each change. */
  readonly onDegraded: (error: unknown) => void
  readonly onRecovered: () => void
}

type Wanted = Pick<
  WorkerSettings,
  | 'featuresProvider'
  | 'featureFlags'
  | 'featuresFile'
  | 'unleashUrl'
  | 'unleashToken'
  | 'unleashAppName'
  | 'workerName'
  | 'onUncertain'
>

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** @throws Error when a setting is missing, or the flags of the environment are none: that is for whoever set them. */
export async function openFeatures(settings: Wanted, news: FeatureNews): Promise<Features> {
  let told: unknown
  const source = await openSource(settings, {
    onChange: news.onChange,
    onState: (error) => {
      const words = error instanceof Error ? error.message : error
      if (words === told) return
      told = words
      if (words === undefined) news.onRecovered()
      else news.onDegraded(error)
    },
  })
  const domain = randomUUID()
  await OpenFeature.setProviderAndWait(domain, source.provider)
  const client = OpenFeature.getClient(domain)
  client.setLogger(SILENT)
  const isOn = (name: FlagName, context = {}) => client.getBooleanValue(name, false, context)
  const onUncertain = async (): Promise<OnUncertain> => {
    const value = await client.getStringValue('on-uncertain', settings.onUncertain)
    return mayBe('on-uncertain', value) ? value : settings.onUncertain
  }
  return {
    provider: settings.featuresProvider ?? 'None',
    isPaused: () => isOn('provider-paused'),
    onUncertain,
    claimsWidely: (batchId) => isOn('wide-claims', { targetingKey: batchId }),
    inForce: async () => {
      const each = FLAG_NAMES.map(async (name) => {
        const details =
          name === 'on-uncertain'
            ? await client.getStringDetails(name, settings.onUncertain)
            : await client.getBooleanDetails(name, false)
        const value = name === 'on-uncertain' ? await onUncertain() : details.value
        return [name, { value, reason: details.reason ?? 'UNKNOWN' }] as const
      })
      return Object.fromEntries(await Promise.all(each)) as Record<FlagName, FlagInForce>
    },
    isDegraded: () => told !== undefined,
    login: () => source.login?.() ?? { credentials: 'unknown' },
    close: () => {
      source.close()
    },
  }
}

function openSource(settings: Wanted, watch: FlagWatch): FlagSource | Promise<FlagSource> {
  if (settings.featuresProvider === undefined) return unchanging(emptyFlagSet())
  switch (settings.featuresProvider) {
    case 'Env':
      return unchanging(parseFlagSet(flagdTextOf(settings.featureFlags ?? '')))
    case 'ConfigMap':
      return openFlagFile(needed('FEATURES_FILE', settings.featuresFile), watch)
    case 'Unleash':
      return openUnleash(
        {
          url: needed('UNLEASH_URL', settings.unleashUrl),
          token: needed('UNLEASH_TOKEN', settings.unleashToken),
          appName: settings.unleashAppName,
          instanceId: settings.workerName,
        },
        watch,
      )
  }
}

const unchanging = (flags: FlagSet): FlagSource => ({
  provider: flagdProvider(() => flags),
  close: () => undefined,
})

function needed(variable: string, value: string | undefined): string {
  if (value === undefined) throw new Error(`${variable}: is required by FEATURES_PROVIDER`)
  return value
}
