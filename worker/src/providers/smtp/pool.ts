/** Connections to one server: each mail goes over the one that is free first, and more are made while mails wait. */
import type { OutgoingMail, Outcome } from '../../sending/ports.ts'
import type { Sender } from '../../domain/sender.ts'
import type { Making, Owner } from './connection.ts'
import type { Result } from './conversation.ts'
import type { Fault, SmtpFailure } from './failure.ts'
import type { SmtpOptions } from './options.ts'
import type { Letter } from './wire.ts'
import { senderOf } from '../../domain/sender.ts'
import { acceptedWith, classifySmtp } from './classes.ts'
import { Connection, failureOf } from './connection.ts'
import { ehloNameOf } from './ehloName.ts'
import { establish } from './establish.ts'
import { failedBy } from './failure.ts'
import { Interview } from './interview.ts'
import { tlsOptions } from './tls.ts'

export interface Offered {
  readonly outcome: Outcome
  /** Undefined when the server took it. */
  readonly failure?: SmtpFailure
  /** The connection, where one was ready for the mail. */
  readonly connection: number | undefined
}

class Waiting implements Letter {
  readonly mail: OutgoingMail
  readonly from: string
  /** A connection that ended before its turn has had it: it goes behind no other mail again. */
  wasBack = false
  readonly settle: (offered: Offered) => void

  constructor(mail: OutgoingMail, from: string, settle: (offered: Offered) => void) {
    this.mail = mail
    this.from = from
    this.settle = settle
  }

  get to(): string {
    return this.mail.to
  }

  mime(): string {
    return this.mail.mime()
  }
}

const GIVEN_UP: Fault = { code: 'ECONNECTION', words: 'The connections were closed' }

export class SmtpPool implements Owner<Waiting> {
  maxConnections: number
  /** Through one connection. */
  maxMessages: number
  readonly #options: SmtpOptions
  readonly #tls
  readonly #waiting: Waiting[] = []
  readonly #connections = new Map<number, Connection<Waiting>>()
  /** Of those, without a mail; the one that was used last is the last. */
  readonly #idle: Connection<Waiting>[] = []
  /** Those that take no more mails, or say goodbye: the server still counts them. */
  readonly #leaving = new Set<Connection<Waiting>>()
  readonly #verifying = new Set<Interview>()
  readonly #making = new Set<Connection<Waiting>>()
  #made = 0
  #isClosed = false
  #last: { readonly from: string; readonly sender: Sender; readonly name: string } | undefined

  constructor(options: SmtpOptions) {
    this.#options = options
    this.#tls = tlsOptions(options)
    this.maxConnections = options.connections
    this.maxMessages = options.maxMessagesPerConnection
  }

  /** Connections that are there or being made, and take mails. */
  get open(): number {
    return this.#connections.size
  }

  /** Never rejects. @param first before all others that wait, as it has waited before */
  offer(mail: OutgoingMail, first = false): Promise<Offered> {
    return new Promise((settle) => {
      const waiting = new Waiting(mail, this.#senderOf(mail.from).address, settle)
      if (this.#isClosed) {
        this.#fail(waiting, failedBy(GIVEN_UP, { stage: 'connect' }), undefined)
        return
      }
      if (first) this.#waiting.unshift(waiting)
      else this.#waiting.push(waiting)
      this.#serve()
    })
  }

  /** So that no other mail goes over it; those that it has are sent. */
  leave(id: number): void {
    const connection = this.#connections.get(id)
    if (connection === undefined) return
    this.#connections.delete(id)
    this.#leaving.add(connection)
    connection.isLeft = true
    if (this.#noLongerIdle(connection)) connection.quit()
  }

  /** Shows the credentials over a connection of its own. @returns why not */
  async verify(): Promise<SmtpFailure | undefined> {
    if (this.#isClosed) return failedBy(GIVEN_UP, { stage: 'connect' })
    const interview = new Interview(this.#options.host, this.#options.port)
    this.#verifying.add(interview)
    try {
      await establish({ ...this.#makingNow(), interview })
      interview.channel.quit()
      return undefined
    } catch (error) {
      interview.channel.end(GIVEN_UP)
      return failureOf(error)
    } finally {
      this.#verifying.delete(interview)
    }
  }

  /** Mails that wait are not sent. @param force ends mails under way as well */
  close(force: boolean): void {
    this.#isClosed = true
    for (const waiting of this.#waiting.splice(0))
      this.#fail(waiting, failedBy(GIVEN_UP, { stage: 'connect' }), undefined)
    for (const interview of this.#verifying) interview.channel.end(GIVEN_UP)
    for (const connection of [...this.#connections.values(), ...this.#leaving])
      if (force || !connection.isReady) connection.end(GIVEN_UP)
    for (const connection of this.#idle.splice(0)) this.#quit(connection)
  }

  free(connection: Connection<Waiting>): void {
    this.#making.delete(connection)
    if (connection.isLeft) connection.quit()
    else if (this.#isClosed || connection.begun >= this.maxMessages) this.#quit(connection)
    else if (!this.#hand(connection)) {
      this.#idle.push(connection)
      connection.rest()
    }
    this.#serve()
  }

  /** One that has a connection on its way to it is not put behind another mail. */
  next(connection: Connection<Waiting>): Waiting | undefined {
    const isWorn = connection.begun >= this.maxMessages
    if (isWorn || this.#isClosed || this.#waiting.length <= this.#making.size) return undefined
    return this.#waiting[0]?.wasBack === true ? undefined : this.#waiting.shift()
  }

  told(waiting: Waiting, { taken, failure }: Result, { id }: Connection<Waiting>): void {
    if (failure !== undefined) this.#fail(waiting, failure, id)
    else waiting.settle({ outcome: acceptedWith(taken, waiting.mail.messageId), connection: id })
  }

  unused({ id }: Connection<Waiting>): void {
    this.leave(id)
  }

  failed(connection: Connection<Waiting>, failure: SmtpFailure): void {
    this.#connections.delete(connection.id)
    this.#making.delete(connection)
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) this.#fail(waiting, failure, undefined)
    // Whoever has it may want fewer connections.
    setImmediate(() => {
      this.#serve()
    })
  }

  gone(connection: Connection<Waiting>, back: readonly Waiting[]): void {
    this.#connections.delete(connection.id)
    this.#leaving.delete(connection)
    this.#noLongerIdle(connection)
    for (const waiting of back) {
      waiting.wasBack = true
      if (this.#isClosed) this.#fail(waiting, failedBy(GIVEN_UP, { stage: 'mail' }), connection.id)
      else this.#waiting.unshift(waiting)
    }
    setImmediate(() => {
      this.#serve()
    })
  }

  /** To connections that are there, and to new ones. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#idle.pop()
      if (connection === undefined) break
      if (!this.#hand(connection)) this.#idle.push(connection)
    }
    while (this.#making.size < this.#waiting.length && this.#open() < this.maxConnections) this.#make()
  }

  #open(): number {
    return this.#connections.size + this.#leaving.size
  }

  #make(): void {
    this.#made += 1
    const connection = new Connection(this.#made, this.#makingNow(), this)
    this.#making.add(connection)
    this.#connections.set(this.#made, connection)
  }

  /** @returns whether there was a mail for it */
  #hand(connection: Connection<Waiting>): boolean {
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift())
      if (connection.begin(waiting)) return true
    return false
  }

  /** @returns whether it was */
  #noLongerIdle(connection: Connection<Waiting>): boolean {
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    return at >= 0
  }

  #quit(connection: Connection<Waiting>): void {
    this.#connections.delete(connection.id)
    this.#leaving.add(connection)
    connection.quit()
  }

  #fail({ mail, from, settle }: Waiting, failure: SmtpFailure, connection: number | undefined): void {
    settle({ outcome: classifySmtp(failure, { from, to: mail.to }), failure, connection })
  }

  /** The same for mail after mail; a new connection calls itself after the one that came last. */
  #senderOf(from: string): Sender {
    if (this.#last?.from === from) return this.#last.sender
    const sender = senderOf(from)
    this.#last = { from, sender, name: ehloNameOf(sender.address) }
    return sender
  }

  #makingNow(): Making {
    const name = this.#options.ehloName ?? this.#last?.name ?? ehloNameOf('')
    return { options: this.#options, tls: this.#tls, name: name.replace(/[\r\n]+/g, '') }
  }
}
