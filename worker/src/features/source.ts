/** Where flags come from. */
import type { Provider } from '@openfeature/server-sdk'

export interface FlagSource {
  readonly provider: Provider
  close(): void
}

export interface FlagWatch {
  /** Other flags than before are in force. */
  readonly onChange: () => void
  /** Told at every look: why what was read last stays in force, or undefined when all is well. */
  readonly onState: (error: unknown) => void
}
