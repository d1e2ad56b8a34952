/**
 * Proves that a webhook is believed only when its signature is right. Workers try it on themselves, past their port: the
 * NetworkPolicies let no operator send anything there.
 */
import type { Check, Proof } from './check.ts'
import type { Sender } from '../components/snapshot.ts'
import type { WorkerReached, WebhooksSeen } from '../components/worker/seen.ts'
import { askedWorkers } from './askedWorkers.ts'

export const webhooksVerified: Check = {
  name: 'webhooks-verified',

  prove(snapshot): Proof {
    const missing = notConfigured(snapshot.sender)
    if (missing !== undefined) return { state: 'NotConfigured', message: missing }
    return askedWorkers(snapshot, this.name, 'no worker tells what becomes of webhooks', judge)
  },
}

function notConfigured({ spec }: Sender): string | undefined {
  const { smtp, ses, resend } = spec.worker.provider
  if (smtp) return 'SMTP has no webhooks'
  if (ses)
    return ses.topicArns ? undefined : 'spec.worker.provider.ses.topicArns is not set: no webhooks are taken'
  return resend?.webhookSecretRefs
    ? undefined
    : 'spec.worker.provider.resend.webhookSecretRefs is not set: no webhooks are taken'
}

function judge({ webhooks }: WorkerReached): Proof {
  if (!webhooks) return { state: 'Unknown', message: 'the worker does not tell what becomes of webhooks' }
  return faultOf(webhooks) ?? { state: 'Proven', message: 'a webhook that nobody signed is turned away' }
}

function faultOf({ forgery, verified, forged, inbox }: WebhooksSeen): Proof | undefined {
  if (forgery === 'unavailable')
    return {
      state: 'Unknown',
      message:
        'the worker has nothing to tell genuine webhooks by: no secret, or no certificate of SNS, which it has once a message of a topic came',
    }
  if (forgery !== 'forged') return { state: 'Failing', message: 'a webhook that nobody signed is believed' }
  if (inbox.since !== undefined)
    return {
      state: 'Failing',
      message: `what a webhook told has waited since ${inbox.since} to have its effect`,
    }
  if (forged && !verified)
    return {
      state: 'Unknown',
      message:
        'webhooks come and none of the last two days was genuine: the provider signs with another secret or topic, or somebody forges them',
    }
  return undefined
}
