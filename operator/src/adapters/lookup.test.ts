import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { boundedLookup } from './lookup.ts'

const HOME: LookupAddress[] = [{ address: '192.0.2.1', family: 4 }]

/** A resolver that answers when the test says so, and counts how often it was asked. */
function scripted() {
  const asked: string[] = []
  let settle: (addresses: LookupAddress[] | Error) => void = () => undefined
  const resolve = (host: string) => {
    asked.push(host)
    return new Promise<LookupAddress[]>((done, failed) => {
      settle = (answer) => {
        if (answer instanceof Error) failed(answer)
        else done(answer)
      }
    })
  }
  return {
    asked,
    resolve,
    answer: (addresses: LookupAddress[] | Error) => {
      settle(addresses)
    },
  }
}

describe('a bounded lookup', () => {
  it('gives what the resolver says', async () => {
    await expect(boundedLookup(() => Promise.resolve(HOME))('nats')).resolves.toEqual(HOME)
    await expect(boundedLookup(() => Promise.reject(new Error('ENOTFOUND')))('nats')).rejects.toThrow(
      'ENOTFOUND',
    )
  })

  it('asks once for a name that many want, and again when it was answered', async () => {
    const { asked, resolve, answer } = scripted()
    const names = boundedLookup(resolve)
    const both = [names('nats'), names('nats')]
    answer(HOME)
    expect(await Promise.all(both)).toEqual([HOME, HOME])
    const third = names('nats')
    answer(new Error('ENOTFOUND'))
    await expect(third).rejects.toThrow('ENOTFOUND')
    expect(asked).toEqual(['nats', 'nats'])
  })

  it('does not wait for ever, and takes an answer that comes late for the next who asks', async () => {
    const { asked, resolve, answer } = scripted()
    const names = boundedLookup(resolve, 10)
    await expect(names('nats')).rejects.toMatchObject({
      code: 'ETIMEOUT',
      message: 'nats did not resolve in time',
    })
    const next = names('nats')
    answer(HOME)
    expect(await next).toEqual(HOME)
    expect(asked).toEqual(['nats'])
  })

  it('leaves no rejection behind that nobody handles', async () => {
    const { resolve, answer } = scripted()
    await expect(boundedLookup(resolve, 10)('nats')).rejects.toThrow('in time')
    answer(new Error('ENOTFOUND'))
    await new Promise((done) => setImmediate(done))
  })
})
