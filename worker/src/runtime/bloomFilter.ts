/**
 * A set of texts in a fixed amount of memory, which may take a new one for one it has, and never the other way round.
 * Source: B. H. Bloom, "Space/Time Trade-offs in Hash Coding with Allowable Errors", 1970; two hashes as many by Kirsch
 * and Mitzenmacher, 2006.
 */

/** 4 MiB: of a million texts one in some thousand is mistaken, of ten millions one in four. */
const BITS_POWER = 25
const MASK = 2 ** BITS_POWER - 1
const PLACES = 4

export class BloomFilter {
  readonly #bits = new Uint32Array(2 ** (BITS_POWER - 5))

  /** @returns whether it may have been there. */
  add(text: string): boolean {
    const [first, step] = hashesOf(text)
    let wasThere = true
    for (let place = 0; place < PLACES; place += 1) {
      const at = (first + Math.imul(place, step)) & MASK
      const [word, bit] = [at >>> 5, 1 << (at & 31)]
      const bits = this.#bits[word] ?? 0
      wasThere &&= (bits & bit) !== 0
      this.#bits[word] = bits | bit
    }
    return wasThere
  }
}

/** Two of 32 bits: FNV-1a over UTF-16, each ended by the finalizer of MurmurHash3. The second is odd. */
function hashesOf(text: string): readonly [number, number] {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 13)
  }
  return [finished(a), finished(b) | 1]
}

function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
