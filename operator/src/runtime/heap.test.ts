import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heap } from './heap.ts'

describe('a heap', () => {
  it('gives what is first, whatever was pushed and popped before', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer())), (steps) => {
        const heap = new Heap<number>((left, right) => left < right)
        let model: number[] = []
        for (const step of steps) {
          if (step === null) {
            expect(heap.pop()).toBe(model[0])
            model = model.slice(1)
          } else {
            heap.push(step)
            model = [...model, step].sort((left, right) => left - right)
          }
          expect([heap.peek(), heap.size]).toEqual([model[0], model.length])
        }
      }),
    )
  })
})
