import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inCluster } from './credentials.ts'

let directory: string
let changes = 0

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credentials-'))
  await write('token', 'first\n')
  await write('ca.crt', 'CA')
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Every write a second later than the last: file systems keep time coarsely. */
async function write(name: string, text: string): Promise<void> {
  changes += 1
  await writeFile(join(directory, name), text)
  await utimes(join(directory, name), changes, changes)
}
const credentials = (host = '10.0.0.1', rereadMs = 0) => inCluster({ host, port: '443', directory, rereadMs })

describe('the credentials of a pod', () => {
  it('are read again when the files change', async () => {
    const { authorization, tls } = credentials()
    expect([authorization(), tls().ca]).toEqual(['Bearer first', 'CA'])
    await write('token', 'second')
    await write('ca.crt', 'new CA')
    expect([authorization(), tls().ca]).toEqual(['Bearer second', 'new CA'])
  })

  it('are the same object as long as the CA is, so that connections can be kept', async () => {
    const { tls } = credentials()
    const before = tls()
    await write('ca.crt', 'CA')
    expect(tls()).toBe(before)
    await write('ca.crt', 'new CA')
    expect(tls()).not.toBe(before)
  })

  it('are believed while the files are gone for a moment', async () => {
    const { authorization } = credentials()
    authorization()
    await rm(join(directory, 'token'))
    expect(authorization()).toBe('Bearer first')
  })

  it('are an error that names the file when there are none', async () => {
    await rm(join(directory, 'token'))
    expect(() => credentials().authorization()).toThrow('token')
  })

  it('are not looked at for every request', async () => {
    const { authorization } = credentials('10.0.0.1', 60_000)
    authorization()
    await write('token', 'second')
    expect(authorization()).toBe('Bearer first')
  })

  it.each([
    ['10.0.0.1', 'https://10.0.0.1:443'],
    ['fd00::1', 'https://[fd00::1]:443'],
  ])('lead to %s as %s', (host, server) => {
    expect(credentials(host).server).toBe(server)
  })
})
