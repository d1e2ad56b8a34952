/** Every condition, reason and check a user can meet, and what each sums into. */

/** What a reason means, and whether a person must act before anything can go on (`Stalled`). */
interface ReasonMeaning {
  readonly doc: string
  readonly stalls?: true
}

const ANY_COMPONENT = {
  NameConflict: {
    doc: 'An object of somebody else has the name of one of our children; it is left alone.',
    stalls: true,
  },
  WriteRefused: { doc: "The API server refused a child; the message is the server's." },
  Waiting: { doc: 'Something that must come first is not there yet.' },
} as const satisfies Record<string, ReasonMeaning>

export const CONDITIONS = {
  SpecValid: {
    doc: 'The spec is something the operator can carry out.',
    reasons: {
      Valid: { doc: 'Nothing to object to.' },
      Invalid: {
        doc: 'A field is wrong in a way only the operator can see; old children are left running.',
        stalls: true,
      },
    },
  },
  DependenciesReachable: {
    doc: 'Every Secret that the spec names exists and has the keys it needs.',
    reasons: {
      Resolved: { doc: 'All of them are there.' },
      SecretNotFound: { doc: 'A Secret is missing.' },
      SecretKeyNotFound: { doc: 'A Secret lacks a key.' },
    },
  },
  NatsTLSReady: {
    doc: 'Certificates for NATS, its workers and the operator exist and are in time.',
    reasons: {
      ...ANY_COMPONENT,
      Issued: { doc: 'All certificates are there and valid.' },
      Provided: { doc: 'NATS is external and brings its own certificates.' },
      Issuing: { doc: 'Certificates are being made.' },
      IssuerUnusable: { doc: 'The CA given in spec.nats.tls.issuerSecretRef cannot sign.', stalls: true },
    },
  },
  NatsReady: {
    doc: 'NATS answers, and the stream and its consumer are as they should be.',
    reasons: {
      ...ANY_COMPONENT,
      Available: { doc: 'Nodes and stream are there.' },
      RollingOut: { doc: 'A change has not reached every node yet.' },
      NodesNotReady: { doc: 'Fewer nodes are ready than the stream needs.' },
      StreamNotReady: { doc: 'The stream or its consumer is missing or differs.' },
      Unreachable: { doc: 'The operator cannot talk to NATS.' },
      NotObserved: { doc: 'NATS has not been looked at since the last change.' },
    },
  },
  WorkerReady: {
    doc: 'The database is migrated and enough workers are ready.',
    reasons: {
      ...ANY_COMPONENT,
      Available: { doc: 'Enough workers are ready.' },
      ScaledToZero: { doc: 'No worker is wanted.' },
      Migrating: { doc: 'The migration Job runs.' },
      MigrationFailed: { doc: 'The migration Job failed; it is tried again.' },
      RollingOut: { doc: 'Workers are starting.' },
      Unavailable: { doc: 'Fewer workers are ready than maxUnavailable allows.' },
      ProgressDeadlineExceeded: { doc: 'Workers did not become ready in time.' },
    },
  },
} as const satisfies Record<string, { readonly doc: string; readonly reasons: Record<string, ReasonMeaning> }>

/** A condition that sums into `Ready`, in the order in which they are judged. */
export type ConditionType = keyof typeof CONDITIONS
export type ReasonOf<Type extends ConditionType> = keyof (typeof CONDITIONS)[Type]['reasons'] & string

export const CONDITION_TYPES = Object.keys(CONDITIONS) as readonly ConditionType[]

/** Conditions that the summary writes beside those of the components. */
export const SUMMARY_CONDITIONS = {
  Ready: 'Everything works as specified; GitOps controllers wait on it.',
  Reconciling: 'Present while True: the operator is still at it.',
  Stalled: 'Present while True: a person must change the spec or the namespace.',
  Suspended: 'Present while True: spec.suspend is set.',
  ProductionReady: 'Every check below is proven or waived.',
} as const

/** Proofs of the production-readiness checklist, in the order in which they are printed. */
export const CHECKS = {
  'nats-tls-adopted':
    'Every NATS node serves the certificate that was issued, and refuses plain-text and certificate-less clients.',
} as const
export type CheckName = keyof typeof CHECKS

/** Whether a person must act before a condition with this reason can become True. */
export function stalls(type: ConditionType, reason: string): boolean {
  const reasons: Readonly<Record<string, ReasonMeaning>> = CONDITIONS[type].reasons
  return reasons[reason]?.stalls === true
}

export const ANNOTATIONS = {
  requestedAt: 'batchsender.io/requestedAt',
} as const
