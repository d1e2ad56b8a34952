/** Why mail does not flow, the worst first: what stops everything, then what stops a part, then what is left behind. Pure. */
import type { ReasonOf } from '../../../../crds/schema/conditions.ts'
import type { Sender } from '../snapshot.ts'
import { thresholdsOf } from '../parts/thresholds.ts'
import type { Level, MailSeen, ProviderClosed } from '../worker/seen.ts'

export interface MailFault {
  readonly reason: ReasonOf<'MailFlowing'>
  readonly message: string
}

/** @param last what was told before: what turned stays so until it is well below its limit */
export function faultOf(
  mail: MailSeen,
  sender: Sender,
  last: MailFault['reason'] | undefined,
): MailFault | undefined {
  return stopped(mail, sender) ?? standing(mail, sender, last) ?? (mail.inDoubt ? IN_DOUBT : undefined)
}

const IN_DOUBT: MailFault = {
  reason: 'ResultsInDoubt',
  message:
    'of some recipients nobody knows whether their mail went: look for state uncertain and resolve them (docs/http.md)',
}

function stopped({ paused, closed }: MailSeen, sender: Sender): MailFault | undefined {
  if (paused) return { reason: 'Paused', message: 'the flag provider-paused is on: nothing is sent' }
  return closed?.lasting === true ? closedFault(closed, sender) : undefined
}

function standing(
  { deadLetters, stuckSince, refused, mostRefused, backlog }: MailSeen,
  { spec }: Sender,
  last: MailFault['reason'] | undefined,
): MailFault | undefined {
  if (deadLetters)
    return {
      reason: 'DeadLetters',
      message:
        'parts of batches were put aside, since handling them failed again and again: mend the cause, then replay them (docs/http.md)',
    }
  if (stuckSince !== undefined)
    return {
      reason: 'Stuck',
      message: `a batch has not got on since ${stuckSince} although mails of it are due`,
    }
  if (exceeds(refused, last === 'MailsRefused'))
    return {
      reason: 'MailsRefused',
      message: `more than ${thresholdsOf(spec).errorRatePercent} % of the mails of the last two minutes were refused${mostRefused === undefined ? '' : `, most of them with class ${mostRefused}`}`,
    }
  if (exceeds(backlog, last === 'Backlog'))
    return {
      reason: 'Backlog',
      message: `more than ${thresholdsOf(spec).backlog.toLocaleString('en')} wake-ups wait in the queue: workers do not keep up`,
    }
  return undefined
}

const exceeds = (level: Level, didBefore: boolean): boolean =>
  level === 'much' || (level === 'near' && didBefore)

type Cause = 'ProviderUnreachable' | 'ProviderThrottles' | 'ProviderRefuses'

/** By the classes of worker/src/domain/retryClasses.ts; what is unknown here is no answer that would let anything through. */
const CAUSES: Readonly<Record<string, Cause>> = {
  throttle: 'ProviderThrottles',
  quota: 'ProviderThrottles',
  account: 'ProviderRefuses',
  sender: 'ProviderRefuses',
}

const WORDS: Readonly<Record<Cause, string>> = {
  ProviderUnreachable: 'does not answer, or breaks off',
  ProviderThrottles: 'wants no more for now',
  ProviderRefuses: 'refuses our account or address',
}

function closedFault({ since, retryClass, code, ofAll }: ProviderClosed, { spec }: Sender): MailFault {
  const reason = CAUSES[retryClass] ?? 'ProviderUnreachable'
  const { smtp, ses } = spec.worker.provider
  const who = smtp ? `the SMTP server ${smtp.host}` : ses ? 'Amazon SES' : 'Resend'
  const whose = ofAll ? '' : ' of some workers'
  const said = code === undefined ? retryClass : `${retryClass}, ${code}`
  return {
    reason,
    message: `${who} ${WORDS[reason]} (${said}): no mail${whose} has gone through since ${since}`,
  }
}
