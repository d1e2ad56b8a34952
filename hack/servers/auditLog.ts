/** The audit log of a kube-apiserver, read on from where the last look ended. */
import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'

/** One request as the audit log tells of it. */
export interface AuditEntry {
  /** One request may have several entries: a watch has one for its begin and one for its end. */
  readonly auditID: string
  readonly verb: string
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code: number }
}

export class AuditLog {
  readonly #path: string
  readonly #decoder = new StringDecoder('utf8')
  readonly #entries: AuditEntry[] = []
  #offset = 0
  /** A line whose end was not written yet. */
  #begun = ''
  #reading: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Everything so far; only what is new is read. */
  async entries(): Promise<readonly AuditEntry[]> {
    // One after the other: two at once would take the same lines.
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#readOn())
    await this.#reading
    return [...this.#entries]
  }

  async #readOn(): Promise<void> {
    const file = await open(this.#path).catch(() => undefined)
    if (!file) return
    try {
      for await (const chunk of file.createReadStream({ start: this.#offset, autoClose: false })) {
        this.#offset += (chunk as Buffer).length
        this.#take(this.#decoder.write(chunk as Buffer))
      }
    } finally {
      await file.close()
    }
  }

  #take(text: string): void {
    const lines = (this.#begun + text).split('\n')
    this.#begun = lines.pop() ?? ''
    // A server that was killed may have left half a line.
    for (const line of lines) if (line.endsWith('}')) this.#entries.push(essenceOf(line))
  }
}

/** An entry is mostly addresses and annotations: tens of thousands of them are kept. */
function essenceOf(line: string): AuditEntry {
  const { auditID, verb, requestReceivedTimestamp, user, objectRef, responseStatus } = JSON.parse(
    line,
  ) as AuditEntry
  return {
    auditID,
    verb,
    requestReceivedTimestamp,
    user: { username: user.username },
    ...(objectRef && { objectRef }),
    ...(responseStatus && { responseStatus: { code: responseStatus.code } }),
  }
}
