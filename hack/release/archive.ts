/** Archives whose bytes depend on nothing but what is in them: no times, owners or order of a machine. */
import { createReadStream, createWriteStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { run } from '../cluster/shell.ts'

const SAME_EVERYWHERE = [
  '--sort=name',
  '--format=posix',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
]

export interface TarOptions {
  /** Since 1970, that everything in it is said to be from. */
  readonly seconds: number
  readonly entries?: readonly string[]
  /** A folder that everybody may write into, apart from the entries. */
  readonly shared?: string
}

/** @param folder whose content is packed */
export async function tar(
  folder: string,
  target: string,
  { seconds, entries = ['.'], shared }: TarOptions,
): Promise<void> {
  const args = [...SAME_EVERYWHERE, `--mtime=@${seconds}`, '-C', folder]
  const apart = shared === undefined ? [] : [`--exclude=./${shared}`]
  // What a umask left out of the modes, or let in, would differ from machine to machine.
  await run('tar', [...args, '--mode=u+rwX,go+rX,go-w', ...apart, '-cf', target, ...entries])
  if (shared !== undefined) await run('tar', [...args, '--mode=1777', '-rf', target, `./${shared}`])
}

export async function gzip(source: string, target: string): Promise<void> {
  await pipeline(createReadStream(source), createGzip({ level: 6 }), createWriteStream(target))
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
