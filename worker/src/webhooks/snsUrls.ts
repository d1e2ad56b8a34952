/** Which URLs in an SNS message may be followed: they come from a stranger until the signature is checked. */

const HOST = /^sns\.([a-z0-9-]{3,})\.amazonaws\.com(\.cn)?$/
const CERTIFICATE_PATH = /^\/SimpleNotificationService-[0-9a-f]+\.pem$/
const TOPIC = /^arn:aws[a-z-]*:sns:([a-z0-9-]{3,}):\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/
const LONGEST = 2_048

export function regionOfTopic(topicArn: string): string | undefined {
  return TOPIC.exec(topicArn)?.[1]
}

/** A certificate of SNS itself, in the region of the topic. */
export function isCertificateUrl(text: string, topicArn: string): boolean {
  const url = snsUrl(text, topicArn)
  return url !== undefined && CERTIFICATE_PATH.test(url.pathname) && url.search === ''
}

/** The link that confirms a subscription to the topic, and nothing else that SNS could do. */
export function isSubscribeUrl(text: string, topicArn: string): boolean {
  const url = snsUrl(text, topicArn)
  if (url?.pathname !== '/') return false
  const asked = url.searchParams
  return (
    asked.getAll('Action').join() === 'ConfirmSubscription' && asked.getAll('TopicArn').join() === topicArn
  )
}

/** The text must be the URL as it will be requested: what a parser would mend is refused. */
function snsUrl(text: string, topicArn: string): URL | undefined {
  if (text.length > LONGEST || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const region = HOST.exec(url.hostname)?.[1]
  const isBare = text.startsWith(`https://${url.hostname}/`) && url.href === text && url.hash === ''
  return isBare && region !== undefined && region === regionOfTopic(topicArn) ? url : undefined
}
