import { describe, expect, it, vi } from 'vitest'
import type { KubernetesObject } from './object.ts'
import { ApiError } from './errors.ts'
import { EventRecorder, microTime, type EventText } from './events.ts'
import { fakeApi } from './testing/fakeApi.ts'

const regarding = (uid: string, namespace?: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', uid, ...(namespace !== undefined && { namespace }) },
})
const text = (message: string): EventText => ({ type: 'Normal', reason: 'Healed', message })

function recorder(answer: () => unknown = () => ({})) {
  const api = fakeApi([], answer)
  const warnings: object[] = []
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => warnings.push(fields),
    error: () => undefined,
  }
  return { api, warnings, events: new EventRecorder({ transport: api, controller: 'c', instance: 'i', log }) }
}

describe('an event', () => {
  it('says what happened to whom, in their namespace', () => {
    const { api, events } = recorder()
    events.record(regarding('u', 'n'), text('x'.repeat(2_000)))
    expect(api.calls[0]).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/n/events',
      body: {
        metadata: { namespace: 'n' },
        regarding: { kind: 'Thing', name: 'a', uid: 'u' },
        type: 'Normal',
        reason: 'Healed',
        note: 'x'.repeat(1_000),
        reportingController: 'c',
      },
    })
  })

  it('about what has no namespace goes to the default one', () => {
    const { api, events } = recorder()
    events.record(regarding('u'), text('x'))
    expect(api.calls[0]?.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events')
  })

  it('is told once in ten minutes', () => {
    vi.useFakeTimers({ now: 0 })
    const { api, events } = recorder()
    for (const minute of [0, 5, 9]) {
      vi.setSystemTime(minute * 60_000)
      events.record(regarding('u', 'n'), text('x'))
    }
    expect(api.calls).toHaveLength(1)
    vi.setSystemTime(11 * 60_000)
    events.record(regarding('u', 'n'), text('x'))
    events.record(regarding('other', 'n'), text('x'))
    events.record(regarding('u', 'n'), text('y'))
    expect(api.calls).toHaveLength(4)
    vi.useRealTimers()
  })

  it('is not one of thousands about one object, however different their words', () => {
    const { api, events } = recorder()
    for (let count = 0; count < 1_000; count += 1) events.record(regarding('u', 'n'), text(`${count}`))
    expect(api.calls).toHaveLength(50)
    events.record(regarding('other', 'n'), text('x'))
    expect(api.calls).toHaveLength(51)
  })

  it('that is lost is a line in the log', async () => {
    const { warnings, events } = recorder(() => {
      throw new ApiError(403, undefined)
    })
    events.record(regarding('u', 'n'), text('x'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toHaveLength(1)
  })

  it('carries its time with microseconds', () => {
    expect(microTime(new Date('2026-11-23T02:00:00.558Z'))).toBe('2026-11-23T02:00:00.558000Z')
  })
})
