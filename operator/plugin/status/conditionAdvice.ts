/** What to do next about a condition that is not True: a reason without an advice does not compile. Pure. */
import type { ConditionType, ReasonOf } from '../../../crds/schema/conditions.ts'
import {
  ANY,
  CREDENTIALS,
  DEPENDENT,
  LOOK_AGAIN,
  NOTHING,
  PODS,
  to,
  WAIT_A_MOMENT,
  type Advised,
} from './adviceWords.ts'
import { STORE_ADVICE } from './storeAdvice.ts'

type Table = { readonly [Type in ConditionType]: Readonly<Record<ReasonOf<Type>, Advised>> }

export const CONDITION_ADVICE: Table = {
  SpecValid: {
    Valid: NOTHING,
    Invalid: to(
      'Change the field that the message names; kubectl batchsender plan -f FILE tries an edit.',
      'api.md',
    ),
    InternalError: ANY.InternalError,
  },
  DependenciesReachable: {
    Resolved: NOTHING,
    SecretNotFound: to(
      'Create the Secret with the keys that the message names, in namespace NAMESPACE.',
      'api.md',
    ),
    SecretKeyNotFound: to('Add the key that the message names to the Secret.', 'api.md'),
    SecretUnreadable: to(
      'Give the operator back its right to read Secrets in namespace NAMESPACE.',
      'operator.md',
    ),
    InternalError: ANY.InternalError,
  },
  NatsTLSReady: {
    ...ANY,
    Issued: NOTHING,
    Provided: NOTHING,
    Ending: to('Renew what the message names before its end: only you can.', 'certificates.md#lifetimes'),
    Ended: to(
      'Put another certificate into the Secret of spec.nats.external.tlsSecretRef.',
      'certificates.md#lifetimes',
    ),
    Issuing: WAIT_A_MOMENT,
    IssuerUnusable: to(
      'Put a CA with its key that can sign into the Secret that the message names.',
      'certificates.md#a-ca-of-yours',
    ),
  },
  NatsReady: {
    ...DEPENDENT,
    Available: NOTHING,
    RollingOut: WAIT_A_MOMENT,
    NodesNotReady: to(
      'Read why nodes do not run: kubectl batchsender logs NAME --component nats, and kubectl -n NAMESPACE describe pods -l app.kubernetes.io/component=nats.',
      'runbooks/nats-connection-loss.md',
    ),
    StreamNotReady: to(
      'Wait for a minute; what stays is in the log of the operator.',
      'runbooks/nats-connection-loss.md',
    ),
    NodesAstray: to(
      'Look at the node that the message names: its files, its image, who changed them.',
      'certificates.md#a-node-that-strays',
    ),
    Unreachable: to(
      'See whether a NetworkPolicy or the servers of spec.nats.external keep the operator out.',
      'runbooks/nats-connection-loss.md',
    ),
    KeyLost: to(
      'Bring the Secret with the key back; never remove what is left of it.',
      'encryption.md#when-the-key-is-gone',
    ),
    NotObserved: LOOK_AGAIN,
  },
  NetworkPolicyReady: { ...ANY, Applied: NOTHING, Applying: WAIT_A_MOMENT, Disabled: NOTHING },
  MonitoringReady: {
    ...ANY,
    NotConfigured: NOTHING,
    NotInstalled: to(
      'Install the definitions of prometheus-operator, or take spec.monitoring out.',
      'monitoring.md',
    ),
    Applying: WAIT_A_MOMENT,
    Applied: NOTHING,
  },
  WorkerReady: {
    ...DEPENDENT,
    Available: NOTHING,
    ScaledToZero: NOTHING,
    Migrating: WAIT_A_MOMENT,
    MigrationFailed: to(
      'Read why: kubectl batchsender logs NAME --component migration.',
      'postgres.md#migrations',
    ),
    CredentialsRefused: CREDENTIALS,
    RollingOut: WAIT_A_MOMENT,
    Unavailable: PODS,
    ProgressDeadlineExceeded: PODS,
  },
  ...STORE_ADVICE,
  GatewayReady: {
    ...ANY,
    NotConfigured: NOTHING,
    NotInstalled: to(
      'Install the definitions that the message names, or take spec.gateway out.',
      'gateway.md#set-it-up',
    ),
    Applying: WAIT_A_MOMENT,
    Unanswered: to(
      'See whether the Gateway of spec.gateway.parentRef exists and its controller runs.',
      'gateway.md#what-the-gateway-answers',
    ),
    NotAccepted: to(
      'Let the listener of the Gateway allow our namespace and hostnames.',
      'gateway.md#what-the-gateway-answers',
    ),
    RefsNotResolved: to(
      'Do what the reason of the Gateway in the message says.',
      'gateway.md#what-the-gateway-answers',
    ),
    PolicyNotAccepted: to(
      'Do what the reason of the Gateway in the message says.',
      'gateway.md#what-the-gateway-answers',
    ),
    Accepted: NOTHING,
  },
  MailFlowing: {
    Flowing: NOTHING,
    ProviderUnreachable: to(
      'See whether the provider is up and no policy keeps workers from it.',
      'runbooks/provider-away.md',
    ),
    ProviderThrottles: to(
      'Lower spec.worker.provider.maxPerSecond, or have the quota raised.',
      'runbooks/provider-away.md',
    ),
    ProviderRefuses: to(
      'Mend the credentials, the sender address or the account at the provider.',
      'providers.md#whose-fault-a-refusal-is',
    ),
    Paused: to('Switch the flag provider-paused off when mail is to go out again.', 'features.md'),
    DeadLetters: to('Mend the cause that they name, then replay them.', 'runbooks/dead-letters.md'),
    Stuck: to(
      'Read why batches stand still: kubectl batchsender logs NAME --component worker.',
      'runbooks/stuck-batches.md',
    ),
    MailsRefused: to('See why mails are refused: refusals of the batches.', 'runbooks/high-error-rate.md'),
    Backlog: to('Add workers, or let spec.worker.autoscaling do it.', 'runbooks/backlog-high.md'),
    ResultsInDoubt: to('Ask the provider what went out and settle them.', 'runbooks/results-in-doubt.md'),
    WorkersUnreachable: PODS,
    ScaledToZero: to('Raise spec.worker.replicas when mail is to go out.'),
    NotObserved: LOOK_AGAIN,
    InternalError: ANY.InternalError,
  },
}
