import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AuditLog } from './auditLog.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-log-'))
  path = join(folder, 'audit.log')
})
afterEach(() => rm(folder, { recursive: true }))

const line = (auditID: string) =>
  `${JSON.stringify({ auditID, verb: 'get', level: 'Metadata', user: { username: 'Ä', groups: [] } })}\n`
const idsOf = async (log: AuditLog) => (await log.entries()).map(({ auditID }) => auditID)

it('is empty before the server wrote anything', async () => {
  expect(await idsOf(new AuditLog(path))).toEqual([])
})

it('tells of each line once, though looks overlap and a line was half written', async () => {
  const log = new AuditLog(path)
  const bytes = Buffer.from(line('2'))
  const middle = bytes.indexOf('Ä') + 1
  await appendFile(path, Buffer.concat([Buffer.from(line('1')), bytes.subarray(0, middle)]))
  expect(await Promise.all([idsOf(log), idsOf(log)])).toEqual([['1'], ['1']])
  await appendFile(path, bytes.subarray(middle))
  expect(await idsOf(log)).toEqual(['1', '2'])
  expect((await log.entries())[1]?.user).toEqual({ username: 'Ä' })
})

it('passes over a line that a killed server left unfinished', async () => {
  await appendFile(path, `{"auditID":"1",\n${line('2')}`)
  expect(await idsOf(new AuditLog(path))).toEqual(['2'])
})
