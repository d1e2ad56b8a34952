/**
 * What nodemailer's pool tells nobody but its log: which connection carries a mail, how many it carried before, and with
 * which words the server ended it when a mail had not begun.
 */

interface Entry {
  readonly tnx?: unknown
  readonly cid?: unknown
  readonly messageId?: unknown
  readonly action?: unknown
}

interface Carried {
  readonly connection: unknown
  readonly before: number
  words?: string
}

/** Of what nodemailer says of a failure the server's reply is the end. */
const REPLY = /\b([45]\d\d)[ -][\s\S]*$/

export interface ServerReply {
  readonly response: string
  readonly responseCode: number
}

/** A mail is known from `send` until it is forgotten. */
export class SmtpPoolLog {
  readonly #mails = new Map<string, Carried>()
  readonly #carried = new Map<unknown, number>()

  /** As nodemailer takes it; levels that are missing are not logged. */
  readonly logger = {
    debug: () => undefined,
    info: (entry: Entry, _format: string, ...values: readonly unknown[]) => {
      this.#read(entry, values)
    },
    warn: () => undefined,
    error: () => undefined,
  }

  /** Whether the connection of this one was ready for it. */
  hasBegun(messageId: string): boolean {
    return this.#mails.has(messageId)
  }

  /** The pool's number of it. */
  connectionOf(messageId: string): number | undefined {
    const connection = this.#mails.get(messageId)?.connection
    return typeof connection === 'number' ? connection : undefined
  }

  /** How many mails the connection of this one had carried or refused before. */
  carriedBefore(messageId: string): number {
    return this.#mails.get(messageId)?.before ?? 0
  }

  /** The reply with which a used connection was ended before it took anything of this mail. */
  lastReply(messageId: string): ServerReply | undefined {
    const [response, code] = REPLY.exec(this.#mails.get(messageId)?.words ?? '') ?? []
    return response === undefined ? undefined : { response, responseCode: Number(code) }
  }

  forget(messageId: string): void {
    this.#mails.delete(messageId)
  }

  #read({ tnx, cid, messageId, action }: Entry, values: readonly unknown[]): void {
    if (tnx === 'connection' && action === 'closed') this.#carried.delete(cid)
    if (typeof messageId !== 'string') return
    if (tnx === 'send') {
      const before = this.#carried.get(cid) ?? 0
      this.#carried.set(cid, before + 1)
      this.#mails.set(messageId, { connection: cid, before })
    } else if (tnx === 'pool') {
      const mail = this.#mails.get(messageId)
      const words = values.at(-1)
      if (mail !== undefined && typeof words === 'string') mail.words = words
    }
  }
}
