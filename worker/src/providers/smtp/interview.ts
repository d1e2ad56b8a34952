/** A conversation in which one thing is asked at a time, and answered: until mails can be sent. */
import type { ConnectionOptions } from 'node:tls'
import type { Stage } from '../../domain/reply.ts'
import type { ChannelListener } from './channel.ts'
import type { Fault } from './failure.ts'
import type { Reply } from './replies.ts'
import { Channel } from './channel.ts'
import { failedBy, NotConnected, refusedBy } from './failure.ts'

type Begin<T> = (done: (value: T) => void) => void

/** Each of its promises is rejected with `NotConnected` when the connection ends. */
export class Interview implements ChannelListener {
  readonly channel: Channel
  #answered: ((reply: Reply) => void) | undefined
  #failed: ((fault: Fault) => void) | undefined
  #fault: Fault | undefined
  /** What came when nothing was asked. */
  #early: Reply | undefined

  constructor(host: string, port: number) {
    this.channel = new Channel(host, port, this)
  }

  connected(withinMs: number): Promise<void> {
    return this.#wait('connect', { withinMs, words: 'Connection timeout' }, (done) => {
      this.channel.whenConnected(done)
    })
  }

  greeting(withinMs: number): Promise<Reply> {
    return this.#wait('greeting', { withinMs, words: 'Greeting never received' }, (done) => {
      if (this.#early === undefined) this.#answered = done
      else done(this.#early)
      this.#early = undefined
    })
  }

  /** Nothing that came before it is an answer to anything. */
  encrypted(options: ConnectionOptions, withinMs: number): Promise<void> {
    return this.#wait('starttls', { withinMs, words: 'TLS handshake timed out', code: 'ETLS' }, (done) => {
      this.#early = undefined
      this.channel.upgrade(options, done)
    })
  }

  /** Of a server that takes its leave unasked, that is the answer. */
  ask(stage: Stage, line: string): Promise<Reply> {
    return this.#wait(stage, undefined, (done) => {
      if (this.#early?.code === 421) done(this.#early)
      else if (this.#early !== undefined || this.channel.hasMore) this.channel.end(unasked(this.#early))
      else {
        this.#answered = done
        this.channel.write(`${line}\r\n`)
      }
    })
  }

  /** Nothing more is asked. @throws NotConnected when the server has said more than was asked */
  conclude(stage: Stage): void {
    if (this.#early?.code === 421) throw new NotConnected(refusedBy(this.#early, { stage }))
    if (this.#early !== undefined || this.channel.hasMore)
      throw new NotConnected(failedBy(unasked(this.#early), { stage }))
  }

  replied(reply: Reply): void {
    const answered = this.#answered
    this.#answered = undefined
    if (answered === undefined) this.#early ??= reply
    else answered(reply)
  }

  drained(): void {
    // Each answer is told by itself.
  }

  silent(): void {
    this.channel.end({ code: 'ETIMEDOUT', words: 'Timeout' })
  }

  ended(fault: Fault): void {
    this.#fault = fault
    this.#failed?.(fault)
  }

  /** @param limit of the whole, and as what it is told; without one, silence is the limit */
  #wait<T>(
    stage: Stage,
    limit: { readonly withinMs: number; readonly words: string; readonly code?: string } | undefined,
    begin: Begin<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer =
        limit &&
        setTimeout(() => {
          this.channel.end({ code: 'ETIMEDOUT', words: limit.words })
        }, limit.withinMs)
      this.#failed = ({ code, words }) => {
        clearTimeout(timer)
        const isOfNode = limit?.code !== undefined && code !== 'ETIMEDOUT'
        reject(new NotConnected(failedBy({ code: isOfNode ? limit.code : code, words }, { stage })))
      }
      if (this.#fault !== undefined) this.#failed(this.#fault)
      else
        begin((value) => {
          clearTimeout(timer)
          resolve(value)
        })
    })
  }
}

const unasked = (reply: Reply | undefined): Fault => ({
  code: 'EPROTOCOL',
  words: reply === undefined ? 'Unexpected words' : `Unexpected reply: ${reply.text}`,
})
