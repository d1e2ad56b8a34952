/** Files as one compressed archive: the same for the same, whenever and wherever it is made. */
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

export interface BundleFile {
  readonly path: string
  readonly text: string
}

export async function archiveOf(folder: string, files: readonly BundleFile[], at: Date): Promise<Uint8Array> {
  const tar = pack()
  const all = buffer(tar)
  for (const { path, text } of files.toSorted((left, right) => (left.path < right.path ? -1 : 1)))
    tar.entry({ name: `${folder}/${path}`, mtime: at, mode: 0o644 }, text)
  tar.finalize()
  return gzipSync(await all)
}
