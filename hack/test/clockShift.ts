/**
 * The wall clock of a whole process, shifted, whatever it is written in. Programs in Go and the ClickHouse engine ask
 * the kernel's vDSO (vdso(7)) themselves and not the C library, so that libfaketime reaches them not at all or, worse,
 * in part. Here the three functions of the vDSO that tell the time are replaced in the process' own copy of it; what
 * it forks has them too. Clocks that measure, such as CLOCK_MONOTONIC, and the times of files stay as they are.
 */
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'

const SHT_DYNSYM = 11
const SYMBOL_BYTES = 24
/** Of a millisecond each. */
const MAX_WAITS = 10_000
const pause = new Int32Array(new SharedArrayBuffer(4))

interface VdsoFunction {
  readonly at: number
  readonly sizeBytes: number
}

/** By how much clocks are shifted in this run of the tests; 0 in nearly all. */
export const clockShiftSeconds = Number(process.env['CLOCK_SHIFT_SECONDS'] ?? 0)

/**
 * Doing it again with the same shift changes nothing.
 * @param process its id, or `self`; a child belongs here as soon as it is started
 * @param seconds up to 68 years, forth or back
 * @throws Error elsewhere than on Linux x86-64, and where the vDSO is not as expected.
 */
export function shiftClock(process: number | 'self', seconds: number): void {
  if (globalThis.process.platform !== 'linux' || globalThis.process.arch !== 'x64')
    throw new Error('the clock of a process can be shifted on Linux x86-64 only')
  const [start, end] = vdsoRange(process)
  const memory = openSync(`/proc/${process}/mem`, 'r+')
  try {
    const image = Buffer.alloc(end - start)
    readSync(memory, image, 0, image.length, start)
    const functions = functionsOf(image)
    for (const [name, code] of Object.entries(replacements(seconds))) {
      const found = functions.get(name)
      if (found === undefined || found.sizeBytes < code.length)
        throw new Error(`the vDSO has no room for ${name}`)
      writeSync(memory, code, 0, code.length, start + found.at)
    }
  } finally {
    closeSync(memory)
  }
}

/** For a child that was just started, in a run with shifted clocks; one that has ended already is let be. */
export function withShiftedClock(pid: number | undefined): void {
  if (clockShiftSeconds === 0 || pid === undefined) return
  try {
    shiftClock(pid, clockShiftSeconds)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && GONE.has(String(error.code)))) throw error
  }
}

const GONE = new Set(['ENOENT', 'ESRCH'])

/** A child that was just started may still be about to get its vDSO (execve(2)). */
function vdsoRange(process: number | 'self'): [number, number] {
  for (let waits = 0; ; waits += 1) {
    const maps = readFileSync(`/proc/${process}/maps`, 'utf8')
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(maps) ?? []
    if (start !== undefined && end !== undefined)
      return [Number.parseInt(start, 16), Number.parseInt(end, 16)]
    // One that has ended, and was not waited for yet, has no memory.
    if (maps === '') throw Object.assign(new Error('the process has ended'), { code: 'ESRCH' })
    if (waits === MAX_WAITS) throw new Error('the process has no vDSO')
    Atomics.wait(pause, 0, 0, 1)
  }
}

/** ELF-64 (elf(5)): the table of dynamic symbols and the strings that it is linked to. */
function functionsOf(image: Buffer): ReadonlyMap<string, VdsoFunction> {
  const word = (at: number) => Number(image.readBigUInt64LE(at))
  const [headers, headerBytes, count] = [word(40), image.readUInt16LE(58), image.readUInt16LE(60)]
  const headerOf = (index: number) => headers + index * headerBytes
  const symbols = Array.from({ length: count }, (_, index) => headerOf(index)).find(
    (header) => image.readUInt32LE(header + 4) === SHT_DYNSYM,
  )
  if (symbols === undefined) throw new Error('the vDSO names no functions')
  const [first, sizeBytes] = [word(symbols + 24), word(symbols + 32)]
  const strings = word(headerOf(image.readUInt32LE(symbols + 40)) + 24)
  const functions = new Map<string, VdsoFunction>()
  for (let at = first; at < first + sizeBytes; at += SYMBOL_BYTES) {
    const name = strings + image.readUInt32LE(at)
    functions.set(image.toString('latin1', name, image.indexOf(0, name)), {
      at: word(at + 8),
      sizeBytes: word(at + 16),
    })
  }
  return functions
}

/** Machine code: asks the kernel by system call, then adds the seconds to its answer. */
function replacements(seconds: number): Readonly<Record<string, Buffer>> {
  const amount = Buffer.alloc(4)
  amount.writeInt32LE(seconds)
  const ask = (call: number) => [0xb8, call, 0, 0, 0, 0x0f, 0x05]
  return {
    __vdso_clock_gettime: Buffer.from([
      ...ask(228),
      ...[0x85, 0xff, 0x74, 0x05], // CLOCK_REALTIME = 0
      ...[0x83, 0xff, 0x05, 0x75, 0x07], // CLOCK_REALTIME_COARSE = 5; all others as they are
      ...[0x48, 0x81, 0x06, ...amount], // timespec.tv_sec += seconds
      0xc3,
    ]),
    __vdso_gettimeofday: Buffer.from([
      ...ask(96),
      ...[0x48, 0x85, 0xff, 0x74, 0x07], // without a timeval
      ...[0x48, 0x81, 0x07, ...amount], // timeval.tv_sec += seconds
      0xc3,
    ]),
    __vdso_time: Buffer.from([
      ...ask(201),
      ...[0x48, 0x05, ...amount],
      ...[0x48, 0x85, 0xff, 0x74, 0x03], // without a place to write to
      ...[0x48, 0x89, 0x07],
      0xc3,
    ]),
  }
}
