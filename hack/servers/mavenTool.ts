/** A Java program built by Maven with everything it needs, once for each state of its sources. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../cluster/shell.ts'
import { installed } from './installed.ts'

const PATIENCE_MS = 180_000

/**
 * @param sources folder with a pom.xml
 * @returns the class path of the program.
 * @throws Error with Maven's words when it does not build in three minutes.
 */
export async function mavenTool(name: string, sources: string): Promise<string> {
  const folder = await installed(name, sources, async (target) => {
    // Maven writes beside its sources, which are no place for that.
    await cp(sources, target, { recursive: true })
    const goals = ['package', 'dependency:copy-dependencies']
    await run('mvn', ['--batch-mode', '--no-transfer-progress', '--quiet', ...goals], {
      cwd: target,
      timeout: PATIENCE_MS,
    })
  })
  return [join(folder, 'target/classes'), join(folder, 'target/dependency/*')].join(':')
}
