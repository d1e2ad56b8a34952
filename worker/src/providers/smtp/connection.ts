/** One connection of the pool: made, given one mail after another, and left. */
import type { ConnectionOptions } from 'node:tls'
import type { Channel, ChannelListener } from './channel.ts'
import type { Fault, SmtpFailure } from './failure.ts'
import type { SmtpOptions, SmtpTimeouts } from './options.ts'
import type { Reply } from './replies.ts'
import type { Result } from './conversation.ts'
import type { Letter } from './wire.ts'
import { Conversation } from './conversation.ts'
import { establish } from './establish.ts'
import { failedBy, NotConnected } from './failure.ts'
import { Interview } from './interview.ts'
import { PROTOCOL_TIMEOUTS } from './options.ts'

const IDLE_MS = 30_000

/** Whom a connection tells of itself. */
export interface Owner<L extends Letter> {
  /** A mail may be sent over it; it is asked for one again by `begin`. */
  free(connection: Connection<L>): void
  /** @returns a mail to be sent behind the one that is being sent */
  next(connection: Connection<L>): L | undefined
  told(letter: L, result: Result, connection: Connection<L>): void
  /** It had no mail for a while. */
  unused(connection: Connection<L>): void
  /** It could not be made. */
  failed(connection: Connection<L>, failure: SmtpFailure): void
  /** It has ended. @param back mails that it had, and that may go over another one at no cost */
  gone(connection: Connection<L>, back: readonly L[]): void
}

export interface Making {
  readonly options: SmtpOptions
  readonly tls: ConnectionOptions
  /** What we call ourselves. */
  readonly name: string
}

export class Connection<L extends Letter> implements ChannelListener {
  /** Whether it is to take no more mails. */
  isLeft = false
  readonly id: number
  readonly #owner: Owner<L>
  readonly #timeouts: SmtpTimeouts
  readonly #channel: Channel
  #conversation: Conversation<L> | undefined
  /** `between` mails nobody has said whether there is another one. */
  #state: 'between' | 'busy' | 'idle' = 'between'
  #hasEnded = false

  /** Begins to be made. */
  constructor(id: number, making: Making, owner: Owner<L>) {
    this.id = id
    this.#owner = owner
    this.#timeouts = making.options.timeouts ?? PROTOCOL_TIMEOUTS
    const interview = new Interview(making.options.host, making.options.port)
    this.#channel = interview.channel
    void this.#make(making, interview)
  }

  get isReady(): boolean {
    return this.#conversation !== undefined
  }

  /** Mails that it was given. */
  get begun(): number {
    return this.#conversation?.begun ?? 0
  }

  /** @returns whether it is busy with the mail; what is not to be sent is told at once */
  begin(letter: L): boolean {
    const text = this.#conversation?.begin(letter) ?? ''
    if (text === '') return false
    if (this.#state === 'idle') this.#channel.silentAfter(this.#timeouts.replyMs)
    this.#state = 'busy'
    this.#channel.write(text)
    return true
  }

  /** There is no mail for it. */
  rest(): void {
    this.#state = 'idle'
    this.#channel.silentAfter(this.#timeouts.idleMs ?? IDLE_MS)
  }

  /** Says goodbye; not while it has a mail. */
  quit(): void {
    this.isLeft = true
    this.#channel.quit()
  }

  /** Ends it now, with what is known of its mails. */
  end(fault: Fault): void {
    this.#channel.end(fault)
  }

  replied(reply: Reply): void {
    const conversation = this.#conversation
    conversation?.take(reply)
    if (conversation?.fault !== undefined) this.#channel.end(conversation.fault)
  }

  drained(): void {
    const conversation = this.#conversation
    if (conversation === undefined) return
    if (this.#channel.hasMore && conversation.isAnswered) {
      this.#channel.end({ code: 'EPROTOCOL', words: 'Unexpected words' })
      return
    }
    const { wasRefused } = conversation
    const next = () => (this.isLeft || wasRefused ? undefined : this.#owner.next(this))
    const text = conversation.proceed(next)
    if (text !== '') this.#channel.write(text)
    if (!conversation.isFree || this.#state !== 'busy') return
    this.#state = 'between'
    // Whoever offered what was refused may want to leave this connection, and has to be asked first.
    if (wasRefused)
      setImmediate(() => {
        this.#free()
      })
    else this.#free()
  }

  silent(): void {
    if (this.#state === 'busy') this.#channel.end({ code: 'ETIMEDOUT', words: 'Timeout' })
    else this.#owner.unused(this)
  }

  ended(fault: Fault): void {
    this.#hasEnded = true
    this.#owner.gone(this, this.#conversation?.lose(fault) ?? [])
  }

  #free(): void {
    if (!this.#hasEnded) this.#owner.free(this)
  }

  async #make(making: Making, interview: Interview): Promise<void> {
    try {
      const extensions = await establish({ ...making, interview })
      this.#conversation = new Conversation<L>(extensions, (letter, result) => {
        this.#owner.told(letter, result, this)
      })
      interview.channel.handOver(this)
      this.#owner.free(this)
    } catch (error) {
      interview.channel.end({ code: 'ECONNECTION', words: 'not made' })
      this.#hasEnded = true
      this.#owner.failed(this, failureOf(error))
    }
  }
}

export const failureOf = (error: unknown): SmtpFailure =>
  error instanceof NotConnected
    ? error.failure
    : failedBy({ code: 'ECONNECTION', words: String(error) }, { stage: 'connect' })
