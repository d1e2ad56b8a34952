/** What is read from mounted files, and read again as they change. */
import { repeat } from './repeat.ts'

/**
 * What a Secret or a ConfigMap is mounted as is exchanged by a symbolic link, of which `fs.watch` on a file sees nothing.
 */
const REREAD_MS = 2_000

export interface MountedOptions<Value> {
  /**
   * @param last what is in force; undefined before the first read where there is no `initial`
   * @param tell told of one fault at most, which does not keep the value from being taken
   * @throws what keeps it from being taken
   */
  readonly read: (last: Value | undefined, tell: (fault: unknown) => void) => Promise<Value>
  /** In force until something is read. Without it, the first read must not fail. */
  readonly initial?: Value
  readonly everyMs?: number
  /** Told once of each fault, and again when its words change or it comes back. */
  readonly onError: (fault: unknown) => void
  /** Told once when nothing is wrong any more. */
  readonly onRecovered?: () => void
  /** Told of what is in force from now on, when it is not the same object as before. */
  readonly onChange?: (value: Value) => void
}

export interface Mounted<Value> {
  /** What was read last stays in force while nothing can be. */
  readonly current: () => Value
  readonly close: () => void
}

/**
 * Resolves after the first read. Two reads never overlap.
 * @throws what the first read did, when there is no `initial`
 */
export async function mounted<Value>(options: MountedOptions<Value>): Promise<Mounted<Value>> {
  const { read, everyMs = REREAD_MS, onError, onRecovered, onChange } = options
  let told: string | undefined
  const tell = (fault: unknown) => {
    const words = String(fault)
    if (words !== told) onError(fault)
    told = words
  }
  const recover = () => {
    if (told !== undefined) onRecovered?.()
    told = undefined
  }
  const readOver = async (last: Value | undefined): Promise<Value> => {
    const faults: unknown[] = []
    const value = await read(last, (fault) => {
      faults.push(fault)
    })
    if (value !== last) onChange?.(value)
    if (faults.length > 0) tell(faults[0])
    else recover()
    return value
  }
  const first = async (): Promise<Value> => {
    if (options.initial === undefined) return readOver(undefined)
    try {
      return await readOver(options.initial)
    } catch (error) {
      tell(error)
      return options.initial
    }
  }
  let inForce = await first()
  const closing = new AbortController()
  void repeat({
    everyMs,
    pausesFirst: true,
    ref: false,
    stopping: closing.signal,
    work: async () => {
      inForce = await readOver(inForce)
    },
    onError: tell,
  })
  return {
    current: () => inForce,
    close: () => {
      closing.abort()
    },
  }
}
