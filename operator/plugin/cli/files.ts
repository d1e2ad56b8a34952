/** Files whose names were typed. */
import type { Io } from './verb.ts'
import { misuse } from './failure.ts'

/** @param file `-` reads standard input. @throws Failure */
export function textOf(file: string, io: Io): Promise<string> {
  return file === '-' ? io.readStdin() : fileText(file, io)
}

/** @throws Failure */
export async function fileText(file: string, io: Io): Promise<string> {
  try {
    return await io.readFile(file)
  } catch (error) {
    throw misuse(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
