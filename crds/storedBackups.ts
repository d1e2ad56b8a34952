/** Which backups are at their destination, asked of ClickHouse, which alone has the keys to it. */
import { identifier, literal } from './clickhouseTables.ts'

/**
 * One row `{path, size}` for each of some backups whose manifest is there, each asked for by its name: a list of the
 * destination would be one of every object in it.
 *
 * @param collection named collection of the server that leads to the destination
 * @param names of backups; what cannot be one is left out
 * @param tries of each request to the destination
 * @returns `undefined` when there is nothing to ask for
 */
export function storedBackups(
  collection: string,
  names: readonly string[],
  tries: number,
): string | undefined {
  const ours = names.filter((name) => /^[A-Za-z0-9-]+$/.test(name))
  if (ours.length === 0) return undefined
  const choice = ours.length === 1 ? (ours[0] ?? '') : `{${ours.join(',')}}`
  const place = `s3(${identifier(collection)}, filename = ${literal(`${choice}/.backup`)}, format = 'One')`
  return `SELECT _path AS path, _size AS size FROM ${place}
    SETTINGS s3_ignore_file_doesnt_exist = 1, s3_retry_attempts = ${tries}`
}

export interface StoredManifest {
  readonly path: string
  readonly size: number | string
}

/** `bucket/prefix/NAME/.backup` */
export const nameOfManifest = ({ path }: StoredManifest): string => path.split('/').at(-2) ?? ''
