/** What ends a command with a sentence for whoever typed it. */
import { EXIT, type Exit } from './verb.ts'

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: Exit

  /** @param message says what to do about it */
  constructor(message: string, exit: Exit = EXIT.failed) {
    super(message)
    this.exit = exit
  }
}

/** What was typed is not understood. */
export const misuse = (message: string) => new Failure(message, EXIT.usage)
