import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Parts } from './parts.ts'

/** Parts that write down what becomes of them. */
function rig() {
  const parts = new Parts()
  const story: string[] = []
  const open = (name: string, more: { readonly finishMs?: number; readonly error?: string } = {}) =>
    parts.open(() => {
      story.push(`open ${name}`)
      const finish = async () => {
        await new Promise((resolve) => {
          parts.stopping.addEventListener('abort', resolve)
        })
        await sleep(more.finishMs)
        story.push(`finished ${name}`)
      }
      return {
        name,
        ...(more.finishMs !== undefined && { finished: finish() }),
        close: () => {
          story.push(`close ${name}`)
          if (more.error !== undefined) throw new Error(more.error)
        },
      }
    })
  return { parts, story, open }
}

test('all have finished before the first is closed, and the last one is closed first', async () => {
  const { parts, story, open } = rig()
  expect(await open('a', { finishMs: 20 })).toMatchObject({ name: 'a' })
  await open('b')
  await parts.open(() => undefined)
  await parts.open(() => ({}))
  await open('c', { finishMs: 1 })
  expect(parts.stopping.aborted).toBe(false)
  await parts.close()
  expect(parts.stopping.aborted).toBe(true)
  expect(story).toEqual([
    'open a',
    'open b',
    'open c',
    'finished c',
    'finished a',
    'close c',
    'close b',
    'close a',
  ])
})

test('one is closed for good before the next is', async () => {
  const { parts, story, open } = rig()
  await open('a')
  await parts.open(() => ({
    close: async () => {
      await sleep(5)
      story.push('close slow')
    },
  }))
  await parts.close()
  expect(story).toEqual(['open a', 'close slow', 'close a'])
})

test('when one cannot be opened, those before it are told to stop and closed, and its error is the one', async () => {
  const { parts, story, open } = rig()
  await open('a', { finishMs: 1 })
  await open('b', { error: 'b cannot be closed' })
  await expect(parts.open(() => Promise.reject(new Error('no c')))).rejects.toThrow('no c')
  expect(story.slice(2)).toEqual(['finished a', 'close b', 'close a'])
  const again = rig()
  await again.open('a')
  await expect(
    again.parts.open(() => {
      throw new Error('no b')
    }),
  ).rejects.toThrow('no b')
  expect(again.story).toEqual(['open a', 'close a'])
})

test('what goes wrong with one keeps no other from being closed, and the first error is told', async () => {
  const { parts, story, open } = rig()
  await open('a')
  await open('b', { error: 'b cannot be closed' })
  await open('c', { error: 'c cannot be closed' })
  await open('d')
  await expect(parts.close()).rejects.toThrow('c cannot be closed')
  expect(story.slice(4)).toEqual(['close d', 'close c', 'close b', 'close a'])
})

test('a loop that ended in an error is told after the others have finished and all is closed', async () => {
  const { parts, story, open } = rig()
  await open('a', { finishMs: 5 })
  await parts.open(() => ({
    finished: new Promise((_resolve, reject) => {
      parts.stopping.addEventListener('abort', () => {
        reject(new Error('the loop broke'))
      })
    }),
  }))
  await expect(parts.close()).rejects.toThrow('the loop broke')
  expect(story).toEqual(['open a', 'finished a', 'close a'])
})

test('who closes twice closes once', async () => {
  const { parts, story, open } = rig()
  await open('a')
  await Promise.all([parts.close(), parts.close()])
  await parts.close()
  expect(story).toEqual(['open a', 'close a'])
})
