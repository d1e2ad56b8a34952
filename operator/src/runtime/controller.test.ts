import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Controller, type ControllerOptions } from './controller.ts'
import { ApiError, Terminal, Waiting } from './errors.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { bookmark, event, fakeApi, HANG, listEnd, type Part } from './testing/fakeApi.ts'

const WIDGET = { apiVersion: 'test.example/v1', kind: 'Widget', plural: 'widgets', namespaced: true }
const THING = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true }

let metrics: Metrics
let stop: AbortController
let working: Promise<void> | undefined
let errors: object[]

beforeEach(() => {
  metrics = createMetrics()
  stop = new AbortController()
  errors = []
})
afterEach(async () => {
  stop.abort()
  await working
})

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields: object) => errors.push(fields),
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
const until = async (isTrue: () => boolean) => {
  while (!isTrue()) await turn()
}
const owned = (name: string, version: number, owner: string) =>
  event('ADDED', name, version, {
    ownerReferences: [
      { apiVersion: WIDGET.apiVersion, kind: 'Widget', name: owner, uid: owner, controller: true },
    ],
  })

/** @param widgets parts of the watch of widgets; @param things those of the watch of their children. */
async function start(
  widgets: readonly Part[],
  reconcile: (
    key: string,
    controller: Controller,
    signal: AbortSignal,
  ) => Promise<{ readonly requeueAfterMs?: number }>,
  things: readonly Part[] = [listEnd(1), HANG],
  more: Partial<ControllerOptions> = {},
  lost?: AbortSignal,
) {
  const controller: Controller = new Controller({
    name: 'test',
    transport: fakeApi([{ parts: widgets }, { parts: things }]),
    primary: WIDGET,
    watches: [{ resource: THING }],
    namespaces: [],
    metrics,
    log,
    reconcile: (key, signal) => reconcile(key, controller, signal),
    ...more,
  })
  await controller.startCaches(stop.signal)
  working = controller.work(stop.signal, lost)
  return controller
}
const count = async (name: string, labels: object) => {
  const metric = await metrics.registry.getSingleMetric(name)?.get()
  return metric?.values.find((value) =>
    Object.entries(labels).every(([key, text]) => (value.labels as Record<string, unknown>)[key] === text),
  )?.value
}

describe('a controller', () => {
  it('passes over every primary once at the start, and over the owner of a child that changes', async () => {
    const passes: string[] = []
    await start(
      [event('ADDED', 'a', 1), event('ADDED', 'b', 2), listEnd(3), HANG],
      (key) => {
        passes.push(key)
        return Promise.resolve({})
      },
      [owned('child', 1, 'a'), listEnd(2), HANG],
    )
    await until(() => passes.length === 2)
    await turn()
    expect(passes.sort()).toEqual(['n/a', 'n/b'])
  })

  it('never passes over one key twice at the same time, and no more keys at once than it may', async () => {
    const present = new Set<string>()
    let most = 0
    let passes = 0
    const names = Array.from({ length: 20 }, (_, index) => `w${index}`)
    await start(
      [...names.map((name, index) => event('ADDED', name, index + 1)), listEnd(30), HANG],
      async (key, controller) => {
        expect(present).not.toContain(key)
        present.add(key)
        most = Math.max(most, present.size)
        if (passes < 20) controller.enqueue(key)
        await turn()
        present.delete(key)
        passes += 1
        return {}
      },
      undefined,
      { concurrency: 4 },
    )
    await until(() => passes >= 40)
    expect(most).toBe(4)
  })

  it('keeps the failure of one key to that key, and tries it again', async () => {
    const passes: string[] = []
    await start([event('ADDED', 'bad', 1), event('ADDED', 'good', 2), listEnd(3), HANG], (key) => {
      passes.push(key)
      if (key === 'n/bad' && passes.filter((each) => each === key).length < 3) throw new Error('a defect')
      return Promise.resolve({})
    })
    await until(() => passes.length === 4)
    expect(passes.filter((key) => key === 'n/good')).toHaveLength(1)
    expect(errors).toHaveLength(2)
    expect(await count('controller_runtime_reconcile_errors_total', { controller: 'test' })).toBe(2)
    expect(await count('workqueue_retries_total', { name: 'test' })).toBe(2)
  })

  it('does not let poisoned objects slow the rest', async () => {
    const names = (kind: string, most: number) =>
      Array.from({ length: most }, (_, index) => `${kind}-${index}`)
    const [poisoned, good] = [names('poisoned', 50), names('good', 100)]
    const passes = new Map<string, number>()
    const controller = await start(
      [...[...poisoned, ...good].map((name, index) => event('ADDED', name, index + 1)), listEnd(200), HANG],
      async (key) => {
        passes.set(key, (passes.get(key) ?? 0) + 1)
        await turn()
        if (key.startsWith('n/poisoned')) throw new Error('a defect')
        return {}
      },
      undefined,
      { concurrency: 4 },
    )
    const total = () => [...passes.values()].reduce((sum, count) => sum + count, 0)
    const ofGood = () => good.map((name) => passes.get(`n/${name}`) ?? 0)
    await until(() => ofGood().every((count) => count > 0))
    // What fails is tried again behind what was not tried at all.
    expect(total()).toBeLessThanOrEqual(150 + 2 * 4)
    for (let round = 2; round <= 6; round += 1) {
      const before = total()
      for (const name of good) controller.enqueue(`n/${name}`)
      await until(() => ofGood().every((count) => count >= round))
      // What users do comes before every retry: no more than those under way run between.
      expect(total() - before).toBeLessThanOrEqual(100 + 2 * 4)
    }
    expect(ofGood()).toEqual(good.map(() => 6))
  })

  it.each([
    { error: new Terminal('Invalid', 'no'), passes: 1, retries: 0, logged: 1, why: 'a person must act' },
    { error: new ApiError(409, undefined), passes: 2, retries: 1, logged: 0, why: 'somebody was quicker' },
    { error: new ApiError(429, undefined), passes: 2, retries: 1, logged: 0, why: 'the server is busy' },
    { error: new Waiting('NotYet', 1), passes: 2, retries: 0, logged: 0, why: 'it is not a failure' },
    { error: 'a string', passes: 2, retries: 1, logged: 1, why: 'it is a defect' },
  ])(
    'passes $passes times and logs $logged when $error is thrown, since $why',
    async ({ error, ...expected }) => {
      let passes = 0
      await start([event('ADDED', 'a', 1), listEnd(3), HANG], () => {
        passes += 1
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- defects throw anything
        if (passes === 1) throw error
        return Promise.resolve({})
      })
      await until(() => passes >= expected.passes)
      await turn()
      const retries = (await count('workqueue_retries_total', { name: 'test' })) ?? 0
      expect({ passes, retries, logged: errors.length }).toEqual({
        passes: expected.passes,
        retries: expected.retries,
        logged: expected.logged,
      })
    },
  )

  it('takes no conflict for a failure, however many there are', async () => {
    let passes = 0
    await start([event('ADDED', 'a', 1), listEnd(3), HANG], () => {
      passes += 1
      if (passes <= 8) throw new ApiError(409, undefined)
      if (passes === 9) throw new Error('a defect')
      return Promise.resolve({})
    })
    await until(() => passes === 10)
    // The first failure pauses as a first one.
    expect(errors).toMatchObject([{ key: 'n/a', error: 'a defect' }])
    expect((errors[0] as { afterMs: number }).afterMs).toBeLessThanOrEqual(5)
    expect(await count('controller_runtime_reconcile_errors_total', { controller: 'test' })).toBe(1)
  })

  it('counts what the engine throws as a panic of that key, and goes on', async () => {
    let passes = 0
    await start([event('ADDED', 'a', 1), listEnd(3), HANG], () => {
      passes += 1
      if (passes === 1) throw new TypeError('x is not a function')
      if (passes === 2) throw new TypeError('fetch failed', { cause: new Error('reset') })
      if (passes === 3) throw new Error('refused')
      return Promise.resolve({})
    })
    await until(() => passes === 4)
    expect(await count('controller_runtime_reconcile_panics_total', { controller: 'test' })).toBe(1)
    expect(await count('controller_runtime_reconcile_errors_total', { controller: 'test' })).toBe(3)
  })

  it('shows its counters from the start, at nothing', async () => {
    const options = { transport: fakeApi([]), primary: WIDGET, metrics, log }
    new Controller({
      ...options,
      name: 'idle',
      namespaces: ['n'],
      watches: [],
      reconcile: () => Promise.resolve({}),
    })
    const text = await metrics.registry.metrics()
    for (const line of [
      'controller_runtime_reconcile_total{controller="idle",result="success"} 0',
      'controller_runtime_reconcile_total{controller="idle",result="error"} 0',
      'controller_runtime_reconcile_total{controller="idle",result="requeue"} 0',
      'controller_runtime_reconcile_total{controller="idle",result="requeue_after"} 0',
      'controller_runtime_reconcile_errors_total{controller="idle"} 0',
      'controller_runtime_terminal_reconcile_errors_total{controller="idle"} 0',
      'controller_runtime_reconcile_panics_total{controller="idle"} 0',
      'workqueue_adds_total{name="idle"} 0',
      'workqueue_retries_total{name="idle"} 0',
      'batchsender_operator_reflector_lists_total{kind="Widget",namespace="n"} 0',
      'batchsender_operator_reflector_watch_errors_total{kind="Widget",namespace="n"} 0',
      'batchsender_operator_reflector_blind_seconds_total{kind="Widget",namespace="n"} 0',
    ])
      expect(text).toContain(`${line}\n`)
  })

  it('leaves nothing of a failed pass running beside the next one', async () => {
    const left: boolean[] = []
    let last: AbortSignal | undefined
    await start([event('ADDED', 'a', 1), listEnd(3), HANG], (_key, _controller, signal) => {
      if (last) left.push(!last.aborted)
      last = signal
      if (left.length === 0) throw new Error('a defect')
      return Promise.resolve({})
    })
    await until(() => left.length === 1)
    expect(left).toEqual([false])
  })

  it('comes back when asked to', async () => {
    let passes = 0
    await start([event('ADDED', 'a', 1), listEnd(3), HANG], () => {
      passes += 1
      return Promise.resolve(passes < 3 ? { requeueAfterMs: 1 } : {})
    })
    await until(() => passes === 3)
    await turn()
    expect(await count('controller_runtime_reconcile_total', { result: 'requeue_after' })).toBe(2)
    expect(await count('controller_runtime_reconcile_total', { result: 'success' })).toBe(1)
  })

  it('does not pass again for the echo of a status that it wrote', async () => {
    const controller = await start(
      [
        event('ADDED', 'a', 1, { generation: 1 }),
        listEnd(2),
        event('MODIFIED', 'a', 3, { generation: 1 }),
        event('MODIFIED', 'a', 4, { generation: 2 }),
        bookmark(5),
        HANG,
      ],
      () => Promise.resolve({}),
    )
    await until(() => controller.store(WIDGET).get('n/a')?.metadata.resourceVersion === '4')
    // For the list, for the start and for the new generation; the status between them is our own.
    expect(await count('workqueue_adds_total', { name: 'test' })).toBe(3)
  })

  it('waits for the passes under way when it is stopped, and begins no more', async () => {
    const begun: string[] = []
    let finish: () => void = () => undefined
    const controller = await start([event('ADDED', 'a', 1), listEnd(3), HANG], async (key) => {
      begun.push(key)
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return { requeueAfterMs: 0 }
    })
    await until(() => begun.length === 1)
    let ended = false
    void working?.then(() => {
      ended = true
    })
    stop.abort()
    controller.enqueue('n/b')
    await turn()
    expect(ended).toBe(false)
    finish()
    await working
    expect(begun).toEqual(['n/a'])
  })

  it('lets the passes under way end in peace when it is stopped, until their time is up', async () => {
    let pass: AbortSignal | undefined
    await start(
      [event('ADDED', 'a', 1), listEnd(3), HANG],
      async (_key, _controller, signal) => {
        pass = signal
        await until(() => signal.aborted)
        return {}
      },
      undefined,
      { drainMs: 20 },
    )
    await until(() => pass !== undefined)
    stop.abort()
    await turn()
    expect(pass?.aborted).toBe(false)
    await working
    expect(String(pass?.reason)).toContain('the time to end in is up')
  })

  it('tells the passes under way to end at once when leadership is lost', async () => {
    let pass: AbortSignal | undefined
    const lost = new AbortController()
    await start(
      [event('ADDED', 'a', 1), listEnd(3), HANG],
      async (_key, _controller, signal) => {
        pass = signal
        await until(() => signal.aborted)
        throw signal.reason
      },
      undefined,
      undefined,
      lost.signal,
    )
    await until(() => pass !== undefined)
    lost.abort(new Error('leadership was lost'))
    stop.abort()
    await working
    expect(String(pass?.reason)).toContain('leadership was lost')
    expect(errors).toEqual([])
  })

  it('leaves out an object that cannot be projected, and no other', async () => {
    const controller = await start(
      [listEnd(3), HANG],
      () => Promise.resolve({}),
      [event('ADDED', 'poison', 1), event('ADDED', 'fine', 2), listEnd(3), HANG],
      {
        watches: [
          {
            resource: THING,
            project: (raw) => {
              if (raw.metadata.name === 'poison') throw new Error('cannot be read')
              return raw
            },
          },
        ],
      },
    )
    expect([...controller.store(THING).values()].map(({ metadata }) => metadata.name)).toEqual(['fine'])
    expect(errors).toMatchObject([{ key: 'n/poison' }])
  })

  it('shows what is under way when it is asked', async () => {
    let finish: () => void = () => undefined
    await start(
      [event('ADDED', 'a', 1), event('ADDED', 'b', 2), listEnd(3), HANG],
      async () => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return {}
      },
      undefined,
      { concurrency: 1 },
    )
    await turn()
    const text = await metrics.registry.metrics()
    expect(text).toContain('workqueue_depth{name="test"} 1\n')
    expect(text).toContain('controller_runtime_active_workers{controller="test"} 1\n')
    expect(text).toMatch(/workqueue_unfinished_work_seconds\{name="test"\} [0-9.e-]*[1-9]/)
    stop.abort()
    finish()
  })

  it('refuses to watch a kind twice', () => {
    const options = { name: 'test', transport: fakeApi([]), primary: WIDGET, namespaces: [], metrics, log }
    const twice = () =>
      new Controller({
        ...options,
        watches: [{ resource: THING }, { resource: THING }],
        reconcile: () => Promise.resolve({}),
      })
    expect(twice).toThrow('Thing is watched twice')
  })
})
