/** Replies of a server (RFC 5321 §4.2), read as the bytes come, however they are cut. */

export interface Reply {
  readonly code: number
  /** As it came: every line with its code, joined by line feeds. */
  readonly text: string
}

/** RFC 5321 §4.5.3.1.5 has 512. */
const LINE_AT_MOST = 4_096
const REPLY_AT_MOST = 65_536
const CR = 13
const ZERO = 48
const HYPHEN = 45
const NOT_ASCII = /[^\0-\x7f]/

export class ReplyParser {
  /** One character for each byte. */
  #data = ''
  #at = 0
  /** Lines of a reply that is not complete, each with its line feed. */
  #lines = ''
  #code = 0
  #fault: string | undefined

  /** Why nothing more is read: what came is no reply. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Whether all that came was read, and was complete. */
  get isEmpty(): boolean {
    return this.#at === this.#data.length && this.#lines === ''
  }

  /** @param chunk one character for each byte */
  push(chunk: string): void {
    this.#data = this.#at === this.#data.length ? chunk : this.#data.slice(this.#at) + chunk
    this.#at = 0
  }

  /** @returns the next reply, once it is complete */
  next(): Reply | undefined {
    for (;;) {
      const line = this.#line()
      if (line === undefined) return undefined
      if (line.trim() === '') continue
      const reply = this.#take(line)
      if (reply !== undefined || this.#fault !== undefined) return reply
    }
  }

  /** What came after the last line, and then nothing more: taken for a reply when it is a refusal. */
  last(): Reply | undefined {
    const line = this.#data.slice(this.#at)
    this.#at = this.#data.length
    const code = codeOf(line)
    if (this.#lines !== '' || code < 400 || line.charCodeAt(3) === HYPHEN) return undefined
    return { code, text: decoded(line.trim()) }
  }

  clear(): void {
    this.#data = ''
    this.#at = 0
    this.#lines = ''
  }

  #line(): string | undefined {
    if (this.#fault !== undefined) return undefined
    const end = this.#data.indexOf('\n', this.#at)
    if (end < 0) {
      if (this.#data.length - this.#at > LINE_AT_MOST) this.#fault = 'A line of a reply is too long'
      return undefined
    }
    const stop = end > this.#at && this.#data.charCodeAt(end - 1) === CR ? end - 1 : end
    const line = this.#data.slice(this.#at, stop)
    this.#at = end + 1
    return line
  }

  #take(line: string): Reply | undefined {
    const code = codeOf(line)
    const isFirst = this.#lines === ''
    if (code === 0 || (!isFirst && code !== this.#code)) {
      this.#fault = `Not a reply: ${decoded(line.slice(0, 200))}`
      return undefined
    }
    if (line.charCodeAt(3) !== HYPHEN) {
      const text = decoded(isFirst ? line : this.#lines + line)
      this.#lines = ''
      return { code, text }
    }
    this.#code = code
    this.#lines += `${line}\n`
    if (this.#lines.length > REPLY_AT_MOST) this.#fault = 'A reply is too long'
    return undefined
  }
}

/** @returns 0 for what has none: three digits, of which the first is 2 to 5, and no digit after them. */
function codeOf(line: string): number {
  const [first, second, third] = [digit(line, 0), digit(line, 1), digit(line, 2)]
  if (first < 2 || first > 5 || second < 0 || third < 0 || digit(line, 3) >= 0) return 0
  return first * 100 + second * 10 + third
}

function digit(line: string, at: number): number {
  const value = line.charCodeAt(at) - ZERO
  return value >= 0 && value <= 9 ? value : -1
}

/** No character set is agreed on: UTF-8 where it is that, each byte for itself where it is not. */
function decoded(text: string): string {
  if (!NOT_ASCII.test(text)) return text
  const utf8 = Buffer.from(text, 'latin1').toString('utf8')
  return utf8.includes('\uFFFD') ? text : utf8
}
