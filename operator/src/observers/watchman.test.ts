import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AnyObserver } from './watchman.ts'
import { sender } from '../testing/snapshots.ts'
import { Watchman } from './watchman.ts'

const KEY = 'mail/orders'

/** An observer that shows what the test puts there, and counts how often it was asked. */
function scripted(first: { good: boolean; fault: string; underWay?: boolean }) {
  const state = { ...first, looks: 0 }
  const observer: AnyObserver = {
    name: 'jetstream',
    look: () => {
      state.looks += 1
      const { good, fault, underWay = false } = state
      return Promise.resolve({ good, underWay, seen: { reached: false as const, fault } })
    },
  }
  return { state, observer }
}

function watching(observer: AnyObserver | readonly AnyObserver[], periodMs = 60_000) {
  const changed: string[] = []
  const watchman = new Watchman({
    observers: [observer].flat(),
    senderOf: () => sender(),
    onChange: (key) => changed.push(key),
    periodMs,
    impatienceMs: 5,
    random: () => 0.5,
  })
  const stop = new AbortController()
  watchman.attend(KEY, stop.signal)
  return { watchman, changed, stop }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error('it never came to hold')
    await sleep(5)
  }
}

describe('the watchman', () => {
  it('tells what was seen, once', async () => {
    const { state, observer } = scripted({ good: true, fault: 'none' })
    const { watchman, changed, stop } = watching(observer, 10)
    await until(() => state.looks > 3)
    stop.abort()
    expect(changed).toEqual([KEY])
    watchman.dismiss(KEY)
  })

  it('goes on looking at one thing while another one does not answer', async () => {
    const { state, observer } = scripted({ good: true, fault: 'before' })
    const mute: AnyObserver = {
      name: 'clickhouse',
      look: (_sender, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(undefined)
          })
        }),
    }
    const { watchman, changed, stop } = watching([observer, mute])
    await until(() => changed.length === 1)
    state.fault = 'after'
    watchman.lookSoon(KEY)
    await until(() => changed.length === 2)
    expect(watchman.evidence(KEY).jetstream?.seen).toEqual({ reached: false, fault: 'after' })
    stop.abort()
  })

  it('asks soon again for what is not there yet', async () => {
    let asked = 0
    const observer: AnyObserver = {
      name: 'jetstream',
      look: () => {
        asked += 1
        if (asked === 1) return Promise.resolve(undefined)
        return Promise.resolve({ good: true, seen: { reached: false, fault: 'none' } })
      },
    }
    const { changed, stop } = watching(observer)
    await until(() => changed.length === 1)
    stop.abort()
  })

  it('keeps looking at what is not well, more often than its period', async () => {
    const { state, observer } = scripted({ good: false, fault: 'ill' })
    const { stop } = watching(observer)
    await until(() => state.looks > 1)
    stop.abort()
  })

  it('keeps looking at what is on its way, and believes it', async () => {
    const { state, observer } = scripted({ good: true, fault: 'moving', underWay: true })
    const { watchman, stop } = watching(observer)
    await until(() => state.looks > 1)
    expect(watchman.evidence(KEY).jetstream?.seen).toEqual({ reached: false, fault: 'moving' })
    stop.abort()
  })

  it('looks at once when asked to, and tells what changed', async () => {
    const { state, observer } = scripted({ good: true, fault: 'before' })
    const { watchman, changed, stop } = watching(observer)
    await until(() => changed.length === 1)
    state.fault = 'after'
    watchman.lookSoon(KEY)
    await until(() => changed.length === 2)
    expect(watchman.evidence(KEY).jetstream?.seen).toEqual({ reached: false, fault: 'after' })
    stop.abort()
  })

  it('never walks one round twice', async () => {
    const { state, observer } = scripted({ good: true, fault: 'none' })
    const { watchman, stop } = watching(observer)
    watchman.attend(KEY, stop.signal)
    await until(() => state.looks > 0)
    await sleep(20)
    expect(state.looks).toBe(1)
    stop.abort()
  })

  it('forgets what it dismissed', async () => {
    const { state, observer } = scripted({ good: true, fault: 'none' })
    const { watchman, changed } = watching(observer, 10)
    await until(() => changed.length === 1)
    watchman.dismiss(KEY)
    const { looks } = state
    await sleep(50)
    expect(state.looks).toBeLessThanOrEqual(looks + 1)
    expect(watchman.evidence(KEY)).toEqual({})
  })

  it('does not tell what was seen before a change, and looks again although a look was under way', async () => {
    let begun = 0
    let finish: () => void = () => undefined
    const observer: AnyObserver = {
      name: 'jetstream',
      look: async () => {
        begun += 1
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return { good: true, seen: { reached: false, fault: `look ${begun}` } }
      },
    }
    const { watchman, stop } = watching(observer)
    await until(() => begun === 1)
    await sleep(2)
    watchman.outdated(KEY, 'jetstream')
    watchman.lookSoon(KEY)
    finish()
    await until(() => begun === 2)
    expect(watchman.evidence(KEY).jetstream).toBeUndefined()
    finish()
    await until(() => watchman.evidence(KEY).jetstream !== undefined)
    expect(watchman.evidence(KEY).jetstream?.seen).toEqual({ reached: false, fault: 'look 2' })
    stop.abort()
  })
})
