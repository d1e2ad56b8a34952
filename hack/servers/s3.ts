/** A real S3 server (versitygw over a folder) on a random loopback port: a bucket is a folder, an object a file. */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary } from '../cluster/binaries.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface S3Server {
  readonly url: string
  readonly accessKey: string
  readonly secretKey: string
  readonly bucket: string
  /** Absolute folder of the bucket: what a test may count, flip or take away. */
  readonly bucketDir: string
  /** Keys of every object under `prefix`, sorted. */
  objects(prefix?: string): Promise<readonly string[]>
  /** Down with its objects kept, until `start`. */
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export async function startS3(bucket = 'batchsender'): Promise<S3Server> {
  const dataDir = await mkdtemp(join(tmpdir(), 'batchsender-s3-'))
  const bucketDir = join(dataDir, bucket)
  await mkdir(bucketDir)
  const port = await freePort()
  const [accessKey, secretKey] = [randomBytes(10).toString('hex'), randomBytes(20).toString('hex')]
  const server = new ChildServer({
    program: await binary('versitygw'),
    args: ['--port', `127.0.0.1:${port}`, 'posix', dataDir],
    env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    port,
  })
  await server.start()
  return {
    url: `http://127.0.0.1:${port}`,
    accessKey,
    secretKey,
    bucket,
    bucketDir,
    objects: async (prefix = '') => {
      const entries = await readdir(bucketDir, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(bucketDir.length + 1))
        .filter((key) => key.startsWith(prefix))
        .sort()
    },
    kill: () => server.kill(),
    start: async () => {
      await server.start()
    },
    stop: async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
