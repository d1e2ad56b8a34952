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

/** @param folder whose content is packed. @param seconds since 1970 that everything in it is said to be from */
export async function tar(
  folder: string,
  target: string,
  seconds: number,
  entries: readonly string[] = ['.'],
): Promise<void> {
  // What a umask left out of the modes would differ from machine to machine.
  const args = [...SAME_EVERYWHERE, `--mtime=@${seconds}`, '--mode=u+rwX,go+rX,go-w']
  await run('tar', [...args, '-C', folder, '-cf', target, ...entries])
}

export async function gzip(source: string, target: string): Promise<void> {
  await pipeline(createReadStream(source), createGzip({ level: 6 }), createWriteStream(target))
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
