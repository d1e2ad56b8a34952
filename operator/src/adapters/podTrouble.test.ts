import { describe, expect, it } from 'vitest'
import { podTrouble } from './podTrouble.ts'

const pod = (status: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', ...metadata },
  status,
})
const worker = (more: object) => ({
  containerStatuses: [{ name: 'worker', image: 'a.b/worker:9', ready: false, ...more }],
})
const waiting = (reason: string, message = '') => worker({ state: { waiting: { reason, message } } })
const ended = (exitCode: number, reason: string, restartCount: number) =>
  worker({
    restartCount,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode, reason } },
  })

describe('the trouble of a pod', () => {
  it.each([
    {
      why: 'no node',
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'False', message: '0/1 nodes are available: 1 Insufficient cpu.' },
        ],
      },
      told: 'cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.',
    },
    { why: 'no image', status: waiting('ErrImagePull', 'not found'), told: 'cannot get image a.b/worker:9' },
    {
      why: 'no image, waiting',
      status: waiting('ImagePullBackOff', 'Back-off 20s'),
      told: 'cannot get image a.b/worker:9',
    },
    {
      why: 'a Secret without its key',
      status: waiting('CreateContainerConfigError', "couldn't find key url in Secret mail/postgres"),
      told: "cannot start container worker: couldn't find key url in Secret mail/postgres",
    },
    {
      why: 'a crash loop',
      status: ended(1, 'Error', 4),
      told: 'crashes again and again: container worker exits with code 1',
    },
    {
      why: 'too little memory',
      status: ended(137, 'OOMKilled', 4),
      told: 'is ended again and again: container worker needs more memory than its limit',
    },
    { why: 'one crash', status: ended(1, 'Error', 1), told: undefined },
    { why: 'a start', status: waiting('ContainerCreating'), told: undefined },
    { why: 'work that is done', status: { phase: 'Succeeded' }, told: undefined },
    {
      why: 'an eviction',
      status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' },
      told: 'was ended: Evicted',
    },
    { why: 'nothing at all', status: {}, told: undefined },
    {
      why: 'an init container',
      status: {
        initContainerStatuses: [
          { name: 'mesh', image: 'm', ready: false, state: { waiting: { reason: 'ErrImagePull' } } },
        ],
      },
      told: 'cannot get image m',
    },
  ])('with $why', ({ status, told }) => {
    expect(podTrouble(pod(status))).toBe(told)
  })

  it('is none of one that is going', () => {
    expect(
      podTrouble(pod(waiting('ErrImagePull'), { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    ).toBeUndefined()
  })
})
