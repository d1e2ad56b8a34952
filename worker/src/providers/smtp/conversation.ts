/**
 * Mails over a connection that is ready for them: what is said, and what the answers mean. With PIPELINING (RFC 2920) an
 * envelope goes as one, and with the end of the mail before it. Each mail has one result, by the stage that it reached.
 * Pure: it is told replies, and tells what to write.
 */
import type { Stage } from '../../domain/reply.ts'
import type { Extensions } from './extensions.ts'
import type { Fault, SmtpFailure } from './failure.ts'
import type { Reply } from './replies.ts'
import type { Letter } from './wire.ts'
import { DATA, impediment, mailCommand, rcptCommand } from './envelope.ts'
import { failedBy, refusedBy } from './failure.ts'
import { onTheWire } from './wire.ts'

/** What a reply is awaited to: of the first mail, but for those to RSET and to the end of a mail without recipients. */
type Step = 'reset' | 'mail' | 'rcpt' | 'data' | 'end_of_data' | 'nobody'

export type Result =
  | { readonly taken: Reply; readonly failure?: undefined }
  | { readonly failure: SmtpFailure; readonly taken?: undefined }

interface Transaction<L> {
  readonly letter: L
  readonly mime: string
  /** Mails that the connection had begun before. */
  readonly carried: number
  /** What becomes of the connection before its mail itself is not its fault. */
  excused: boolean
  wasMailTaken: boolean
  /** The first one: what follows is said of a mail that was refused. */
  refusal: { readonly stage: Stage; readonly reply: Reply } | undefined
  bodyBegun: boolean
}

const GO_ON = 354
const isYes = ({ code }: Reply) => code < 300
const isNo = ({ code }: Reply) => code >= 400

export class Conversation<L extends Letter> {
  readonly #extensions: Extensions
  readonly #told: (letter: L, result: Result) => void
  /** Whose envelope was sent: the second one with the end of the first. */
  readonly #mails: Transaction<L>[] = []
  readonly #awaited: Step[] = []
  #begun = 0
  /** To be written next, when mails go one command at a time. */
  #command = ''
  /** The server waits for the mail itself. */
  #isWaitedFor = false
  /** The server may hold what it took of a mail that was refused. */
  #mustReset = false
  #wasRefused = false
  #fault: Fault | undefined

  /** @param told of each mail, once */
  constructor(extensions: Extensions, told: (letter: L, result: Result) => void) {
    this.#extensions = extensions
    this.#told = told
  }

  /** Mails that were begun. */
  get begun(): number {
    return this.#begun
  }

  get isFree(): boolean {
    return this.#mails.length === 0 && this.#awaited.length === 0
  }

  /** Whether all is answered that was written: what comes then is no answer. */
  get isAnswered(): boolean {
    return this.#awaited.length === 0 || this.#command !== ''
  }

  /** Whether a mail was refused since the last `proceed`: whoever offered it may want no other mail to go this way. */
  get wasRefused(): boolean {
    return this.#wasRefused
  }

  /** Why the connection is of no more use: the server takes its leave, or is not understood. */
  get fault(): Fault | undefined {
    return this.#fault
  }

  /** @returns what to write; nothing for a mail that is not to be sent, whose failure was told then */
  begin(letter: L): string {
    return this.#begin(letter, false)
  }

  take(reply: Reply): void {
    if (reply.code === 421) this.#fault = { code: 'ECONNECTION', words: reply.text }
    const mail = this.#mails[0]
    const step = this.isAnswered ? undefined : this.#awaited.shift()
    if (step === 'reset') this.#takeReset(reply, mail)
    else if (step === 'nobody') this.#check(isYes(reply) || isNo(reply), reply)
    else if (step === undefined || mail === undefined) this.#takeUnasked(reply, mail)
    else if (step === 'end_of_data') this.#takeEnd(reply, mail)
    else if (step === 'data') this.#takeData(reply, mail)
    else this.#takeAddress(step, reply, mail)
  }

  /**
   * To be asked when all that has come was taken.
   * @param next a mail whose envelope goes along
   * @returns what to write
   */
  proceed(next: () => L | undefined): string {
    const mail = this.#mails[0]
    this.#wasRefused = false
    if (!this.#isWaitedFor || mail === undefined) {
      const command = this.#command
      this.#command = ''
      return command
    }
    this.#isWaitedFor = false
    mail.bodyBegun = true
    this.#awaited.push('end_of_data')
    const content = onTheWire(mail.mime)
    const letter = this.#extensions.pipelining ? next() : undefined
    return letter === undefined ? content : content + this.#begin(letter, true)
  }

  /**
   * The connection is gone: tells what is known of each mail.
   * @returns those that never had a chance of their own, for another connection
   */
  lose(fault: Fault): L[] {
    const step = this.#awaited[0]
    const back: L[] = []
    for (const [index, mail] of this.#mails.splice(0).entries()) {
      if (isExcused(mail, fault)) back.push(mail.letter)
      else this.#tell(mail, this.#lost(mail, index === 0 ? step : undefined, fault))
    }
    this.#awaited.length = 0
    this.#command = ''
    return back
  }

  #begin(letter: L, rides: boolean): string {
    const mime = mimeOf(letter)
    const failure = impediment(letter, mime, this.#extensions, this.#begun)
    if (failure !== undefined || mime === undefined) {
      this.#told(letter, { failure: failure ?? failedBy(NO_MESSAGE, { stage: 'mail' }) })
      return ''
    }
    this.#mails.push({
      letter,
      mime,
      carried: this.#begun,
      excused: rides,
      wasMailTaken: false,
      refusal: undefined,
      bodyBegun: false,
    })
    this.#begun += 1
    const reset = this.#mustReset ? 'RSET\r\n' : ''
    if (this.#mustReset) this.#awaited.push('reset')
    this.#mustReset = false
    if (this.#extensions.pipelining) {
      this.#awaited.push('mail', 'rcpt', 'data')
      return `${reset}${mailCommand(letter, mime, this.#extensions)}${rcptCommand(letter)}${DATA}`
    }
    if (reset !== '') return reset
    this.#awaited.push('mail')
    return mailCommand(letter, mime, this.#extensions)
  }

  #takeReset(reply: Reply, mail: Transaction<L> | undefined): void {
    if (!isYes(reply)) {
      if (mail !== undefined) mail.excused = true
      this.#check(false, reply)
    } else if (!this.#extensions.pipelining && mail !== undefined) {
      this.#say('mail', mailCommand(mail.letter, mail.mime, this.#extensions))
    }
  }

  #takeAddress(step: 'mail' | 'rcpt', reply: Reply, mail: Transaction<L>): void {
    if (!this.#check(isYes(reply) || isNo(reply), reply)) return
    if (isNo(reply)) mail.refusal ??= { stage: step, reply }
    else if (step === 'mail') mail.wasMailTaken = true
    if (this.#isOver(mail)) this.#tellRefusal(mail)
    else if (this.#extensions.pipelining) return
    else if (step === 'mail') this.#say('rcpt', rcptCommand(mail.letter))
    else this.#say('data', DATA)
  }

  /** What was sent along with what is refused is answered, too, unless the server takes its leave. */
  #isOver({ refusal }: Transaction<L>): boolean {
    return refusal !== undefined && (!this.#extensions.pipelining || this.#fault !== undefined)
  }

  #takeData(reply: Reply, mail: Transaction<L>): void {
    if (!this.#check(reply.code === GO_ON || isNo(reply), reply)) return
    if (isNo(reply)) {
      mail.refusal ??= { stage: 'data', reply }
      this.#tellRefusal(mail)
    } else if (mail.refusal === undefined) this.#isWaitedFor = true
    else {
      // RFC 2920 §3.1: a mail that has no recipient ends at once. One that has one, of no sender, is not begun at all.
      const hasNobody = mail.wasMailTaken && mail.refusal.stage === 'rcpt'
      if (hasNobody) this.#say('nobody', '.\r\n')
      else this.#check(false, reply)
      this.#tellRefusal(mail)
    }
  }

  #takeEnd(reply: Reply, mail: Transaction<L>): void {
    if (!this.#check(isYes(reply) || isNo(reply), reply)) return
    this.#mails.shift()
    if (isYes(reply)) this.#tell(mail, { taken: reply })
    else this.#tell(mail, { failure: refusedBy(reply, { ...whereOf(mail), stage: 'end_of_data' }) })
  }

  #takeUnasked(reply: Reply, mail: Transaction<L> | undefined): void {
    const stage = this.#stageOf(this.#awaited[0])
    if (reply.code === 421 && mail !== undefined) mail.refusal ??= { stage, reply }
    this.#check(false, reply)
  }

  #say(awaited: Step, command: string): void {
    this.#awaited.push(awaited)
    this.#command = command
  }

  #check(isUnderstood: boolean, { text }: Reply): boolean {
    if (!isUnderstood) this.#fault ??= { code: 'EPROTOCOL', words: `Unexpected reply: ${text}` }
    return isUnderstood
  }

  #tellRefusal(mail: Transaction<L>): void {
    this.#mails.shift()
    this.#mustReset = true
    this.#tell(mail, this.#lost(mail, undefined, NO_MESSAGE))
  }

  #tell({ letter }: Transaction<L>, result: Result): void {
    if (result.failure !== undefined) this.#wasRefused = true
    this.#told(letter, result)
  }

  #lost(mail: Transaction<L>, step: Step | undefined, fault: Fault): Result {
    const { refusal, bodyBegun } = mail
    const where = whereOf(mail)
    if (bodyBegun) return { failure: failedBy(fault, { ...where, stage: 'end_of_data' }) }
    if (refusal !== undefined)
      return { failure: refusedBy(refusal.reply, { ...where, stage: refusal.stage }) }
    return { failure: failedBy(fault, { ...where, stage: this.#stageOf(step) }) }
  }

  #stageOf(step: Step | undefined): Stage {
    if (this.#isWaitedFor) return 'data'
    return step === 'rcpt' || step === 'data' ? step : 'mail'
  }
}

/** Servers end connections after some mails, and not all of them say so: who comes next there may go over another one. */
const isExcused = (
  { excused, carried, bodyBegun, refusal }: Transaction<unknown>,
  { code }: Fault,
): boolean => !bodyBegun && refusal === undefined && (excused || (carried > 0 && code === 'ECONNECTION'))

const NO_MESSAGE: Fault = { code: 'EMESSAGE', words: 'The message could not be composed' }

const whereOf = ({ bodyBegun, carried }: Transaction<unknown>) => ({ bodyBegun, carried })

function mimeOf(letter: Letter): string | undefined {
  try {
    return letter.mime()
  } catch {
    return undefined
  }
}
