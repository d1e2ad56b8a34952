/** Runs commands and says what they said when they fail. */
import { spawn, type SpawnOptions } from 'node:child_process'
import { withShiftedClock } from '../test/clockShift.ts'

export interface RunOptions extends SpawnOptions {
  readonly input?: string
  /** Show its output as it comes. */
  readonly show?: boolean
}

const KEPT_BYTES = 8 * 1_048_576

/** @returns standard output. @throws Error with the last lines of standard error. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, show = false, ...rest } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...rest, stdio: ['pipe', 'pipe', show ? 'inherit' : 'pipe'] })
    withShiftedClock(child.pid)
    let output = ''
    let errors = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_BYTES)
      if (show) process.stderr.write(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-KEPT_BYTES)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else
        reject(
          new Error(
            `${[command, ...args].join(' ').slice(0, 200)} failed (${code}):\n${lastLines(errors || output)}`,
          ),
        )
    })
    child.stdin?.on('error', () => undefined).end(input)
  })
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n')
}
