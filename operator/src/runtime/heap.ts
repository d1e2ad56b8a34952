/** A binary heap: the first of many in logarithmic time. */
export class Heap<Item> {
  readonly #comesBefore: (left: Item, right: Item) => boolean
  readonly #items: Item[] = []

  constructor(comesBefore: (left: Item, right: Item) => boolean) {
    this.#comesBefore = comesBefore
  }

  get size(): number {
    return this.#items.length
  }

  peek(): Item | undefined {
    return this.#items[0]
  }

  push(item: Item): void {
    this.#items.push(item)
    this.#rise(this.#items.length - 1)
  }

  pop(): Item | undefined {
    const first = this.#items[0]
    const last = this.#items.pop()
    if (this.#items.length > 0 && last !== undefined) {
      this.#items[0] = last
      this.#sink(0)
    }
    return first
  }

  clear(): void {
    this.#items.length = 0
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfBefore(at, parent)) return
      at = parent
    }
  }

  #sink(from: number): void {
    let at = from
    for (;;) {
      const left = 2 * at + 1
      const child = this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#swapIfBefore(child, at)) return
      at = child
    }
  }

  #isBefore(left: number, right: number): boolean {
    const [one, other] = [this.#items[left], this.#items[right]]
    return one !== undefined && other !== undefined && this.#comesBefore(one, other)
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const [one, other] = [this.#items[lower], this.#items[upper]]
    if (one === undefined || other === undefined || !this.#comesBefore(one, other)) return false
    this.#items[upper] = one
    this.#items[lower] = other
    return true
  }
}
