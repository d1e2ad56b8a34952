/** Where flags come from. */
import type { Provider } from '@openfeature/server-sdk'
import type { LoginSaid } from '../sending/ports.ts'

export interface FlagSource {
  readonly provider: Provider
  /** What the server that keeps them said of our credentials. */
  readonly login?: () => LoginSaid
  close(): void
}

export interface FlagWatch {
  /** Other flags than before are in force. */
  readonly onChange: () => void
  /** Told at every look, or when it changes: why what was read last stays in force, or undefined when all is well. */
  readonly onState: (error: unknown) => void
}
