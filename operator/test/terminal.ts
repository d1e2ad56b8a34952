/** The reader of a document at a terminal, in the namespace of the present test. */
import { binary } from '../../hack/cluster/binaries.ts'
import type { Procedure } from '../../hack/docs/procedures.ts'
import type { Shell } from '../../hack/docs/shell.ts'
import { openShell } from '../../hack/docs/shell.ts'
import type { Harness } from './harness.ts'

export async function terminal({ plane, namespace }: Harness): Promise<Shell> {
  return openShell({ kubectl: await binary('kubectl'), kubeconfig: plane.kubeconfig, namespace })
}

/** @returns what the commands print. @throws Error when one fails */
export async function typed(cluster: Harness, { text }: Procedure): Promise<string> {
  const shell = await terminal(cluster)
  try {
    return await shell.run(text)
  } finally {
    await shell.close()
  }
}
