import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Mounted, MountedOptions } from './mounted.ts'
import { mounted } from './mounted.ts'

const EVERY_MS = 5
/** Long enough for several reads. */
const SEVERAL_MS = 100

let dir: string
let file: string
let open: Mounted<unknown> | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-mounted-'))
  file = join(dir, 'file')
})
afterEach(async () => {
  open?.close()
  open = undefined
  await rm(dir, { recursive: true })
})

/** A whole file at once, as Kubernetes puts it there. */
async function put(content: string): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}

async function rig(options: Partial<MountedOptions<string>> = {}) {
  const told: string[] = []
  const value = await mounted<string>({
    read: async () => {
      const text = await readFile(file, 'utf8')
      if (text.startsWith('broken')) throw new Error(text)
      return text
    },
    everyMs: EVERY_MS,
    onError: (fault) => told.push(String(fault)),
    onRecovered: () => told.push('recovered'),
    onChange: (text) => told.push(`changed to ${text}`),
    ...options,
  })
  open = value
  return { ...value, told }
}

test('what is there is read at once, and again when it changes', async () => {
  await put('one')
  const { current, told } = await rig()
  expect(current()).toBe('one')
  await put('two')
  await expect.poll(current).toBe('two')
  await sleep(SEVERAL_MS)
  expect(told).toEqual(['changed to one', 'changed to two'])
})

test('a folder that is exchanged by its link, as Kubernetes does, is followed', async () => {
  for (const version of ['one', 'two']) {
    await mkdir(join(dir, version))
    await writeFile(join(dir, version, 'text'), version)
  }
  await symlink('one', join(dir, 'data'))
  const { current } = await rig({ read: () => readFile(join(dir, 'data', 'text'), 'utf8') })
  expect(current()).toBe('one')
  await symlink('two', join(dir, 'data.new'))
  await rename(join(dir, 'data.new'), join(dir, 'data'))
  await expect.poll(current).toBe('two')
})

test('what was read last stays in force; a fault is told once until its words change or it ends', async () => {
  await put('one')
  const { current, told } = await rig({ onChange: () => undefined })
  await put('broken a')
  await expect.poll(() => told).toHaveLength(1)
  await sleep(SEVERAL_MS)
  expect([current(), told]).toEqual(['one', ['Error: broken a']])
  await put('broken b')
  await expect.poll(() => told).toHaveLength(2)
  await put('two')
  await expect.poll(current).toBe('two')
  await sleep(SEVERAL_MS)
  expect(told).toEqual(['Error: broken a', 'Error: broken b', 'recovered'])
  await put('broken b')
  await expect.poll(() => told).toHaveLength(4)
  expect([current(), told.at(-1)]).toEqual(['two', 'Error: broken b'])
})

test('something may be in force before anything can be read', async () => {
  const { current, told } = await rig({ initial: 'none' })
  expect(current()).toBe('none')
  expect(told).toEqual([expect.stringContaining('ENOENT')])
  await put('one')
  await expect.poll(current).toBe('one')
  expect(told.slice(1)).toEqual(['changed to one', 'recovered'])
})

test('otherwise the first read must not fail', async () => {
  await expect(rig()).rejects.toThrow('ENOENT')
})

test('something may be wrong with what is taken all the same', async () => {
  await put('one')
  const { current, told } = await rig({
    read: async (last, tell) => {
      const text = await readFile(file, 'utf8')
      if (text.includes('!')) tell(new Error('half of it'))
      return text === '!' ? (last ?? '') : text
    },
  })
  await put('two!')
  await expect.poll(current).toBe('two!')
  await put('!')
  await sleep(SEVERAL_MS)
  expect(current()).toBe('two!')
  await put('three')
  await expect.poll(current).toBe('three')
  expect(told).toEqual([
    'changed to one',
    'changed to two!',
    'Error: half of it',
    'changed to three',
    'recovered',
  ])
})

test('two reads never overlap', async () => {
  await put('one')
  let [reading, reads, most] = [0, 0, 0]
  await rig({
    read: async () => {
      reading += 1
      reads += 1
      most = Math.max(most, reading)
      await sleep(EVERY_MS * 4)
      reading -= 1
      return readFile(file, 'utf8')
    },
  })
  await expect.poll(() => reads).toBeGreaterThan(3)
  expect(most).toBe(1)
})

test('what is closed reads no more', async () => {
  await put('one')
  const { current, close } = await rig()
  close()
  await put('two')
  await sleep(SEVERAL_MS)
  expect(current()).toBe('one')
})
