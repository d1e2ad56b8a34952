/** What somebody wrote, as the audit log of the API server has it. */
import { open, stat } from 'node:fs/promises'
import { auditLog } from '../cluster/cluster.ts'

interface Entry {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource: string; readonly name?: string; readonly namespace?: string }
}

/** A place in the log, before which nothing matters. */
export interface Mark {
  readonly file: number
  readonly bytes: number
}

export async function auditMark(): Promise<Mark> {
  const { ino, size } = await stat(auditLog)
  return { file: ino, bytes: size }
}

/**
 * Writes of a service account in a namespace since the mark, such as `patch secrets/orders-nats-ca`.
 *
 * @throws Error when the log was rotated meanwhile: what it held is not to be taken for nothing
 */
export async function writesSince(mark: Mark, account: string, namespace: string): Promise<string[]> {
  const text = await textSince(mark)
  const entries = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.includes(account) && line.includes(namespace))
    .map((line) => JSON.parse(line) as Entry)
  return entries
    .filter(
      ({ user, objectRef }) => user.username.endsWith(`:${account}`) && objectRef?.namespace === namespace,
    )
    .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
    .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource ?? ''}/${objectRef?.name ?? ''}`)
}

async function textSince({ file, bytes }: Mark): Promise<string> {
  const log = await open(auditLog)
  try {
    const { ino, size } = await log.stat()
    if (ino !== file) throw new Error('the audit log was rotated in the middle of the test')
    const buffer = Buffer.alloc(size - bytes)
    await log.read(buffer, 0, buffer.length, bytes)
    return buffer.toString()
  } finally {
    await log.close()
  }
}
