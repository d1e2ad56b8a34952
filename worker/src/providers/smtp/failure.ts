/** How a mail, or a connection, came to nothing. */
import type { Stage } from '../../domain/reply.ts'
import type { Reply } from './replies.ts'

/** What went wrong where the server said nothing, or nothing that makes sense. */
export interface Fault {
  /** Ours, or of Node: `ECONNECTION`, `ETIMEDOUT`, `ETLS`, `EPROTOCOL`, `EAUTH`, `EENVELOPE`, `EMESSAGE`, `ECONNREFUSED`… */
  readonly code: string
  readonly words: string
}

export interface SmtpFailure {
  /** What was waited for. */
  readonly stage: Stage
  /** Of the reply that refused it; undefined when there was none. */
  readonly replyCode?: number
  /** `Fault.code`, where there was no reply. */
  readonly fault?: string
  /** The server's, as they came, or those of the fault. */
  readonly words: string
  /** Whether anything of the mail itself was handed to the connection: it may have been taken. */
  readonly bodyBegun: boolean
  /** Mails that the connection had carried or refused before; 0 of a new one. */
  readonly carried: number
}

type Where = Pick<SmtpFailure, 'stage'> & Partial<Pick<SmtpFailure, 'bodyBegun' | 'carried'>>

export const refusedBy = ({ code, text }: Reply, where: Where): SmtpFailure => ({
  bodyBegun: false,
  carried: 0,
  ...where,
  replyCode: code,
  words: text,
})

export const failedBy = ({ code, words }: Fault, where: Where): SmtpFailure => ({
  bodyBegun: false,
  carried: 0,
  ...where,
  fault: code,
  words,
})

/** Thrown while a connection is being made. */
export class NotConnected extends Error {
  readonly failure: SmtpFailure

  constructor(failure: SmtpFailure) {
    super(failure.words)
    this.failure = failure
  }
}
