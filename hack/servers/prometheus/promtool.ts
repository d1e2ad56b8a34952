/** `promtool` on texts. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { promtool } from './programs.ts'

const execute = promisify(execFile)

/**
 * @param files name → text; commands name them without a folder
 * @throws Error with everything that promtool says when it is not content
 */
export async function runPromtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const program = await promtool()
  const cwd = await mkdtemp(join(tmpdir(), 'batchsender-promtool-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
    const { stdout } = await execute(program, args, { cwd, maxBuffer: 10_000_000 })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message}\n${stdout}\n${stderr}`, { cause: error })
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}
