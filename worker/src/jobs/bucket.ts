/** The bucket with the backups, through the S3 API. */
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { RetentionSettings } from '../../../crds/jobs/retention.ts'

const MOST_AT_ONCE = 1_000

export interface Bucket {
  /** Names of the folders right under the prefix. */
  folders(signal: AbortSignal): AsyncIterable<string>
  has(key: string, signal: AbortSignal): Promise<boolean>
  /** Removes everything in a folder, its manifest first: half of a backup must not look like one. */
  remove(folder: string, signal: AbortSignal): Promise<void>
  close(): void
}

export const MANIFEST = '.backup'

export function openBucket(settings: RetentionSettings): Bucket {
  const { s3Endpoint, s3Region, s3Bucket, s3Prefix = '', s3AccessKey, s3SecretKey } = settings
  const client = new S3Client({
    endpoint: s3Endpoint,
    region: s3Region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3AccessKey, secretAccessKey: s3SecretKey },
    maxAttempts: 5,
  })
  const list = async (
    input: { Prefix: string; Delimiter?: string; ContinuationToken?: string },
    signal: AbortSignal,
  ) => client.send(new ListObjectsV2Command({ Bucket: s3Bucket, ...input }), { abortSignal: signal })
  const removeKeys = async (keys: readonly string[], signal: AbortSignal) => {
    if (keys.length === 0) return
    const Objects = keys.map((Key) => ({ Key }))
    const command = new DeleteObjectsCommand({ Bucket: s3Bucket, Delete: { Objects, Quiet: true } })
    const { Errors: [first] = [] } = await client.send(command, { abortSignal: signal })
    if (first) throw new Error(`cannot remove ${first.Key ?? 'an object'}: ${first.Code ?? 'refused'}`)
  }
  const has = async (key: string, signal: AbortSignal) => {
    const { Contents = [] } = await list({ Prefix: `${s3Prefix}${key}` }, signal)
    return Contents.some(({ Key }) => Key === `${s3Prefix}${key}`)
  }
  return {
    has,
    async *folders(signal) {
      let token: string | undefined
      do {
        const page = await list(
          { Prefix: s3Prefix, Delimiter: '/', ...(token !== undefined && { ContinuationToken: token }) },
          signal,
        )
        for (const { Prefix = '' } of page.CommonPrefixes ?? []) yield Prefix.slice(s3Prefix.length, -1)
        token = page.NextContinuationToken
      } while (token !== undefined)
    },
    async remove(folder, signal) {
      const manifest = `${folder}/${MANIFEST}`
      if (await has(manifest, signal)) await removeKeys([`${s3Prefix}${manifest}`], signal)
      for (;;) {
        // What was removed is not listed again: the first page is always the next one.
        const { Contents = [] } = await list({ Prefix: `${s3Prefix}${folder}/` }, signal)
        if (Contents.length === 0) return
        await removeKeys(
          Contents.slice(0, MOST_AT_ONCE).flatMap(({ Key }) => Key ?? []),
          signal,
        )
      }
    },
    close: () => {
      client.destroy()
    },
  }
}
