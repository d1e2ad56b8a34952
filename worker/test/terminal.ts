/** The reader of a document at a terminal, with the API of a worker at hand. */
import type { Procedure } from '../../hack/docs/procedures.ts'
import type { WorkerProcess } from './rig.ts'
import { openShell } from '../../hack/docs/shell.ts'
import { TOKEN } from './rig.ts'

/** @returns what the commands print. @throws Error when one fails, as curl does for what the API refuses */
export async function typed(
  worker: WorkerProcess,
  { text }: Procedure,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const shell = await openShell()
  try {
    return await shell.run(text, { API_URL: worker.api, API_TOKEN: TOKEN, ...env })
  } finally {
    await shell.close()
  }
}
