/** What the words of a refusal speak of, asked only where stage and codes leave it open. Read from the top. */

export type Topic =
  | 'connections'
  | 'greylisting'
  | 'fullMailbox'
  | 'quota'
  | 'throttle'
  | 'restrictedMailbox'
  | 'account'
  | 'sender'
  | 'recipient'
  | 'content'

interface Row {
  readonly topic: Topic
  readonly words: RegExp
  readonly why: string
}

/** Some words of a sentence, and not the next sentence: addresses and names of hosts have dots within them. */
const NEAR = '(?:[^.;]|\\.(?=\\S)){0,60}'
const near = (first: string, second: string) =>
  new RegExp(`\\b(?:${first})\\b${NEAR}\\b(?:${second})\\b`, 'i')

const REFUSED =
  'rejected|refused|denied|blocked|block(?:s|ing)|banned|not (?:allowed|accepted|authori[sz]ed|permitted|welcome)'
/** Of what is not there, said of a mailbox. */
const ABSENT =
  "unknown|not found|not? (?:exist|longer|valid|known|active|here)|does ?n[o']t exist|do ?n[o']t (?:exist|have)|does not have|doesn't have|unavailable|invalid|disabled|inactive|deactivated|closed|unrout(?:e)?able|not a valid|rejected"

const TABLE: readonly Row[] = [
  {
    topic: 'connections',
    words: near(
      'too many|concurrent|simultaneous|parallel|maximum(?: number of)?|limit(?: of| on)?',
      'connections?|sessions?',
    ),
    why: 'Office 365 432 4.3.2, Postfix 421 4.7.0, Exim 421',
  },
  {
    topic: 'connections',
    words: near('connections?|sessions?', 'limits?|limited|exceeded|too many|maximum'),
    why: 'the same the other way round',
  },
  {
    topic: 'greylisting',
    words: /\bgr[ae]y-?\s?list/i,
    why: 'of sender, recipient and us together, and for minutes only',
  },
  {
    topic: 'fullMailbox',
    words:
      /\b(?:mailbox|inbox|user|recipient|account|disk)\b[^.;]{0,60}\b(?:full|over ?quota|out of (?:space|storage)|storage|quota)\b|\bover (?:its |disk |storage )?quota\b|\bquota\b[^.;]{0,30}\b(?:mailbox|user|recipient)\b/i,
    why: 'a mailbox that is full, whatever quota is said',
  },
  {
    topic: 'fullMailbox',
    words:
      /\b(?:user|recipient|mailbox|account)\b[^.;]{0,60}\breceiv(?:e|ing)\b[^.;]{0,60}\b(?:rate|limit|too)\b/i,
    why: 'Gmail 450 4.2.1: one mailbox gets too many',
  },
  {
    topic: 'quota',
    words:
      /\b(?:daily|hourly|weekly|monthly|24[- ]hours?)\b[^.;]{0,60}\b(?:quota|limits?|allowance|maximum)\b|\b(?:quota|limits?|allowance)\b[^.;]{0,40}\bper (?:day|month|week|24 hours)\b|\b(?:sending|message|submission|outbound|e-?mail) (?:quota|limits?|credits?)\b|\b(?:quota|credits) (?:is |was |has been |have been )?(?:exceeded|reached|used up|exhausted)\b/i,
    why: 'Gmail 550 5.4.5, SES 454, hosters',
  },
  {
    topic: 'throttle',
    words:
      /\bthrottl(?:e|ed|ing)\b|\brate[- ]?limit(?:s|ed|ing)?\b|\b(?:sending|message|mail|e-?mail|send|delivery|submission|request|recipient)s?[- ]rate\b|\brate (?:is |was )?(?:exceeded|too)\b|\bunusual rate\b|\btoo (?:fast|quickly|frequently)\b|\btoo many (?:[\w-]+ )?(?:messages|e-?mails|mails|requests|recipients|commands|errors|attempts|logins|deliveries)\b|\btoo much (?:mail|e-?mail|traffic|spam)\b|\b(?:messages?|e-?mails?|mails?|requests?) per (?:second|minute|hour)\b|\bexceeded\b[^.;]{0,40}\b(?:messages|e-?mails|mails|recipients)\b|\bslow(?:ing)? down\b|\b(?:unexpected|high|excessive|unusual) (?:volume|number|amount)\b|\bserver (?:is )?(?:too )?busy\b/i,
    why: 'SES 454, Yahoo TSS04, Exchange 4.7.500, Outlook 4.7.650',
  },
  {
    topic: 'restrictedMailbox',
    words: near(
      'mailbox|recipient|user|group|list|addressee',
      "(?:(?:does|do) not|doesn't|only|not) accept(?:s|ing)? (?:[\\w-]+ )?(?:e-?mails?|mails?|messages?|senders?)|accepts? only|restricted|(?:only|not) (?:from|on the) (?:allowed|authori[sz]ed|authenticated) senders?",
    ),
    why: 'the policy of the mailbox, not of the server',
  },
  { topic: 'restrictedMailbox', words: /\bRESOLVER\.RST\b/i, why: 'Exchange, before it had codes for it' },
  {
    topic: 'account',
    words: /\brelay(?:ing|ed)?\b(?!=)|\brcpthosts\b/i,
    why: 'Postfix, Exim, Exchange: we are none of those they relay for',
  },
  {
    topic: 'account',
    words:
      /\b(?:spamhaus|spamcop|barracuda|sorbs|[dr]n?s?bl|sbl|xbl|pbl|uribl)\b|\b(?:black|block|deny)[- ]?list(?:s|ed|ing)?\b|\bblocked (?:using|by|for abuse)\b|\blisted (?:at|in|by|on)\b|\breputation\b|\bbanned\b|\bblack ?hole\b|\bdynamic (?:ips?|addresses|hosts?)\b|^blocked - see\b/i,
    why: 'lists of those nobody takes mail from',
  },
  {
    topic: 'account',
    words: near('client|hosts?|ip|ips|ip address(?:es)?|server|network|connections?|helo|ehlo', REFUSED),
    why: 'Postfix Client host rejected, Helo command rejected; Gmail The IP you are using',
  },
  {
    topic: 'account',
    words:
      /\b(?:ptr|reverse dns|rdns|reverse hostname|cannot find your (?:reverse )?hostname)\b|\b(?:bad|invalid|forged) (?:helo|ehlo)\b|\b(?:helo|ehlo)\b[^.;]{0,40}\b(?:fqdn|fully[- ]qualified|invalid|required|impersonat\w+)/i,
    why: 'the names of our host',
  },
  {
    topic: 'account',
    words:
      /\b(?:authentication|authenticate|login|log in|credentials|password|smtp auth|starttls)\b[^.;]{0,40}\b(?:required|first|invalid|failed|unsuccessful|needed)\b|\b(?:must|need to|please|invalid) (?:be )?(?:authenticat\w+|log ?in|login|credentials|issue a starttls)\b|\bnot (?:authenticated|logged in)\b|\bunauthenticated (?:client|connection|user)\b|\bcheck for new mail\b|\bnot allowed to connect\b/i,
    why: 'a login is missing or refused',
  },
  {
    topic: 'account',
    words:
      /\b(?:your|sending|sender's|tenant|customer|smtp|our)\b[^.;]{0,30}\b(?:account|service|sending|tenant|subscription|access)\b[^.;]{0,60}\b(?:suspended|disabled|paused|blocked|locked|restricted|deactivated|terminated|rejected|denied)\b|\b(?:sending|outgoing (?:e-?)?mail|outbound (?:e-?)?mail) (?:is |has been |was )?(?:suspended|disabled|paused|blocked)\b|\baccount (?:is |has been |was )?suspended\b/i,
    why: 'the account of the provider',
  },
  {
    topic: 'sender',
    words:
      /\b(?:spf|dkim|dmarc)\b|\bnot owned by\b|\bsend(?:ing)? (?:as|on behalf)\b|\bsendasdenied|\breturn[- ]path\b/i,
    why: 'RFC 7372, Postfix reject_sender_login_mismatch, Exchange SendAsDenied',
  },
  {
    topic: 'sender',
    words: near(
      'e-?mail addresse?s?|addresse?s?|identit(?:y|ies)|domain|sender|from',
      "(?:not|n't|un) ?(?:been )?verified",
    ),
    why: 'SES, Resend and others: nobody showed that the sender is ours',
  },
  {
    topic: 'sender',
    words: near(
      'senders?(?: address| domain)?|your domain|envelope[- ]from|from (?:address|header|domain)|mail from',
      `${REFUSED}|invalid|unknown|does not (?:exist|match|resolve)|not (?:found|valid|exist|match|resolve|local)|mismatch\\w*|verify failed|unverified|must match|missing`,
    ),
    why: 'Postfix Sender address rejected, Exim Sender verify failed',
  },
  {
    topic: 'sender',
    words:
      /\bnot (?:allowed|authori[sz]ed|permitted) to (?:send|use|mail)\b|\bun(?:verified|authori[sz]ed) (?:sender|address|domain)\b/i,
    why: 'the login may not use this sender',
  },
  {
    topic: 'recipient',
    words: new RegExp(
      `\\b(?:no such|unknown|invalid|bad|non-?existent|unrout(?:e)?able) (?:local )?(?:user|mailbox|recipient|address|account|person|destination|alias|addressee|name)\\b|\\bno mailbox\\b|\\b(?:user|mailbox|recipient(?: address)?|addressee?|account|alias|destination address)\\b[^.;]{0,60}\\b(?:${ABSENT})(?!\\w)`,
      'i',
    ),
    why: 'Postfix, Exim, qmail, Exchange, Yahoo: there is no such mailbox',
  },
  {
    topic: 'content',
    words:
      /\b(?:spam|virus|malware|phish\w*|content|attachments?|policy|polic(?:y|ies) (?:reasons|violation)|prohibition|too (?:large|big|long)|size limit|message size|access denied)\b/i,
    why: 'the mail, or a rule that is not told',
  },
]

/** @param words without codes, see `wordsOf` */
export function topicOf(words: string): Topic | undefined {
  return TABLE.find((row) => row.words.test(words))?.topic
}

/**
 * Whether words about an identity that is not verified are about the recipient's: in the sandbox of SES recipients have
 * to be verified, too, and the account is what has to be changed.
 */
export function isSandboxed(
  words: string,
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  const text = words.toLowerCase()
  return (
    /\bnot (?:been )?verified\b/.test(text) &&
    text.includes(to.toLowerCase()) &&
    !text.includes(from.toLowerCase())
  )
}
