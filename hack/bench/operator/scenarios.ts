/** The scenarios by name. The burst comes before all of them, since it creates what they are about. */
import type { Stage } from './stage.ts'
import { burst, type BurstFigures } from './scenarios/burst.ts'
import { coldStart, type ColdStartFigures } from './scenarios/coldStart.ts'
import { faults, type FaultsFigures } from './scenarios/faults.ts'
import { foreignSecrets, type ForeignSecretsFigures } from './scenarios/foreignSecrets.ts'
import { handover, type HandoverFigures } from './scenarios/handover.ts'
import { heal, type HealFigures } from './scenarios/heal.ts'
import { noise, type NoiseFigures } from './scenarios/noise.ts'
import { steady, type SteadyFigures } from './scenarios/steady.ts'

export interface Figures {
  readonly burst?: BurstFigures
  readonly coldStart?: ColdStartFigures
  readonly heal?: HealFigures
  readonly steady?: SteadyFigures
  readonly noise?: NoiseFigures
  readonly handover?: HandoverFigures
  readonly faults?: FaultsFigures
  readonly foreignSecrets?: ForeignSecretsFigures
}

export type ScenarioName = keyof Figures

/** In the order in which they are played: what leaves the most behind comes last. */
export const SCENARIOS: Readonly<Record<ScenarioName, (stage: Stage) => Promise<Figures>>> = {
  burst: async (stage) => ({ burst: await burst(stage) }),
  coldStart: async (stage) => ({ coldStart: await coldStart(stage) }),
  heal: async (stage) => ({ heal: await heal(stage) }),
  steady: async (stage) => ({ steady: await steady(stage) }),
  noise: async (stage) => ({ noise: await noise(stage) }),
  handover: async (stage) => ({ handover: await handover(stage) }),
  faults: async (stage) => ({ faults: await faults(stage) }),
  foreignSecrets: async (stage) => ({ foreignSecrets: await foreignSecrets(stage) }),
}

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[]

/** Whose figures spread from round to round; the others are played in the first round alone. */
export const IN_EVERY_ROUND: ReadonlySet<ScenarioName> = new Set(['burst', 'coldStart', 'heal'])
