import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openUnsubscribeLinks } from './unsubscribe.ts'

let dir: string
let files = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-unsubscribe-'))
})
afterAll(() => rm(dir, { recursive: true }))

const OLD = 'o'.repeat(32)
const NEW = 'n'.repeat(32)
const BATCH = 'f3b1c1de-8f0a-4a37-9f5e-0123456789ab'
const BASE = 'https://mail.example.com'

async function linksUnder(...keys: string[]) {
  files += 1
  const keyFile = join(dir, `key-${files}`)
  await writeFile(keyFile, keys.join('\n'))
  const links = await openUnsubscribeLinks({ baseUrl: `${BASE}/`, keyFile, onError: () => undefined })
  links.close()
  const tokenFor = (address: string) => links.urlFor(BATCH, address).slice(`${BASE}/u/`.length)
  return { ...links, tokenFor }
}

test('a link names its recipient to us, in the same words at every attempt, and nobody else', async () => {
  const { urlFor, tokenFor, open } = await linksUnder(OLD)
  const url = urlFor(BATCH, 'Somebody@Example.ORG')
  expect(url).toMatch(/^https:\/\/mail\.example\.com\/u\/[A-Za-z0-9_-]+$/)
  expect(urlFor(BATCH, 'Somebody@Example.ORG')).toBe(url)
  expect(Buffer.from(tokenFor('Somebody@Example.ORG'), 'base64url').toString('latin1')).not.toContain(
    'omebod',
  )
  expect(open(tokenFor('Somebody@Example.ORG'))).toEqual({
    batchId: BATCH,
    addressNorm: 'somebody@example.org',
    spelled: 'Somebody@example.org',
  })
  expect(tokenFor('other@example.org')).not.toBe(tokenFor('Somebody@Example.ORG'))
  const longest = `${'l'.repeat(64)}@${`${'d'.repeat(60)}.`.repeat(3)}org`
  expect(open(tokenFor(longest))?.addressNorm).toBe(longest)
})

test('a link of an older worker is the same to the byte, and opens as the mailbox that it was for', async () => {
  const { tokenFor, open } = await linksUnder(OLD)
  const before = 'G_LbDwSy9zLDP76g70luzXIF14dMaeVAw8i25mpaxj_2vq3VSG_36DIyGaxYrauVGMBS-QxE9bhMDXku8Q'
  expect(tokenFor('Carol@Example.org')).toBe(before)
  expect(open(before)?.addressNorm).toBe('carol@example.org')
})

test('a token that was changed at any place is none', async () => {
  const { tokenFor, open } = await linksUnder(OLD)
  const token = tokenFor('a@example.org')
  const bytes = Buffer.from(token, 'base64url')
  for (const [index, byte] of bytes.entries()) {
    const changed = Buffer.from(bytes)
    changed[index] = byte ^ 1
    expect(open(changed.toString('base64url'))).toBeUndefined()
  }
  for (const nonsense of [
    '',
    'x',
    'x'.repeat(60),
    `${token}=`,
    `${token}A`,
    token.slice(0, -2),
    'x'.repeat(5_000),
  ]) {
    expect(open(nonsense)).toBeUndefined()
  }
})

test('after a new key was put before it, the old one still opens', async () => {
  const before = await linksUnder(OLD)
  const after = await linksUnder(NEW, OLD)
  const token = before.tokenFor('a@example.org')
  expect(after.open(token)).toMatchObject({ addressNorm: 'a@example.org' })
  expect(after.tokenFor('a@example.org')).not.toBe(token)
  expect((await linksUnder(NEW)).open(token)).toBeUndefined()
})

test.each([[''], ['short'], [`${OLD}\nshort`]])('%j is no key', async (content) => {
  await expect(linksUnder(content)).rejects.toThrow('at least 32 characters')
})
