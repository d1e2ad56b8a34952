import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { watchEvents } from './watchEvents.ts'

const line = (name: string, type = 'ADDED') =>
  JSON.stringify({ type, object: { metadata: { name, resourceVersion: '1' } } })

// eslint-disable-next-line @typescript-eslint/require-await -- what a socket gives, without one
async function* chunks(...parts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}

async function names(body: AsyncIterable<Buffer>): Promise<string[]> {
  const found: string[] = []
  for await (const { object } of watchEvents(body)) found.push(object.metadata.name)
  return found
}

describe('the events of a watch', () => {
  it('are the same however the bytes are cut', async () => {
    const wanted = ['a', 'ü-😀', 'c']
    const bytes = Buffer.from(wanted.map((name) => `${line(name)}\n`).join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }), async (cuts) => {
        const edges = [0, ...cuts.sort((left, right) => left - right), bytes.length]
        const parts = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
        expect(await names(chunks(...parts))).toEqual(wanted)
      }),
    )
  })

  it('end before a line that was cut off, even where it is complete so far', async () => {
    expect(await names(chunks(`${line('a')}\n`, line('b')))).toEqual(['a'])
  })

  it('skip empty lines', async () => {
    expect(await names(chunks(`\n${line('a')}\n\r\n`))).toEqual(['a'])
  })

  it.each([
    ['no JSON', '{"type":'],
    ['no object', '{"type":"ADDED"}'],
    ['an object that is none', '{"type":"ADDED","object":null}'],
    ['an unknown type', line('a', 'REPLACED')],
    ['no name', '{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}'],
    ['no version', '{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}'],
    ['a bookmark without a version', '{"type":"BOOKMARK","object":{"metadata":{}}}'],
  ])('break off at %s', async (_what, bad) => {
    await expect(names(chunks(`${bad}\n`))).rejects.toThrow(Error)
  })

  it('take a Status for an error, which has neither name nor version', async () => {
    const events = []
    for await (const { type } of watchEvents(chunks('{"type":"ERROR","object":{"code":410}}\n')))
      events.push(type)
    expect(events).toEqual(['ERROR'])
  })

  it('break off at a line that never ends', async () => {
    const megabyte = Buffer.alloc(1_048_576, 'x')
    const endless = chunks(...Array.from({ length: 17 }, () => megabyte))
    await expect(names(endless)).rejects.toThrow('longer than any object')
  })
})
