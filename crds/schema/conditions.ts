/** Every condition of a part and its reasons; what they add up to is in summaryConditions.ts. */
import type { ConditionMeaning, ReasonMeaning } from './reasons.ts'
import { GATEWAY_READY } from './gatewayReady.ts'
import { MAIL_FLOWING } from './mailFlowing.ts'
import { ANY_COMPONENT, DEPENDENT_COMPONENT } from './reasons.ts'

export const CONDITIONS = {
  SpecValid: {
    doc: 'The spec is something the operator can carry out.',
    reasons: {
      Valid: { doc: 'Nothing to object to.' },
      Invalid: {
        doc: 'A field is wrong in a way only the operator can see; old children are left running.',
        stalls: true,
      },
      InternalError: ANY_COMPONENT.InternalError,
    },
  },
  DependenciesReachable: {
    doc: 'Every Secret that the spec names exists and has the keys it needs.',
    reasons: {
      Resolved: { doc: 'All of them are there.' },
      SecretNotFound: { doc: 'A Secret is missing.' },
      SecretKeyNotFound: { doc: 'A Secret lacks a key.' },
      SecretUnreadable: { doc: "The operator may not read a Secret; the message is the server's." },
      InternalError: ANY_COMPONENT.InternalError,
    },
  },
  NatsTLSReady: {
    doc: 'Certificates for NATS, its workers and the operator exist and are in time.',
    reasons: {
      ...ANY_COMPONENT,
      Issued: { doc: 'All certificates are there and valid.' },
      Provided: { doc: 'NATS is external and brings its own certificates.' },
      Ending: {
        doc: 'All are valid, but one that only a person can renew ends soon: the CA of spec.nats.tls.issuerSecretRef, or the certificate of spec.nats.external.tlsSecretRef. The message has the instant.',
      },
      Ended: { doc: 'The certificate of spec.nats.external.tlsSecretRef has ended.' },
      Issuing: { doc: 'Certificates are being made.' },
      IssuerUnusable: {
        doc: 'The CA of NATS cannot sign, be it the one in spec.nats.tls.issuerSecretRef or the one in <name>-nats-ca.',
        stalls: true,
      },
    },
  },
  NatsReady: {
    doc: 'NATS answers, and the stream and its consumer are as they should be.',
    reasons: {
      ...DEPENDENT_COMPONENT,
      Available: { doc: 'Nodes and stream are there.' },
      RollingOut: { doc: 'A change has not reached every node yet.' },
      NodesNotReady: { doc: 'Fewer nodes are ready than the stream needs.' },
      StreamNotReady: { doc: 'The stream or its consumer is missing or differs.' },
      NodesAstray: {
        doc: 'A node serves another certificate or runs another configuration than it should, reloading did not help, and the nodes were started anew; the message has when they are again.',
      },
      Unreachable: { doc: 'The operator cannot talk to NATS.' },
      KeyLost: {
        doc: 'The key that the volumes of NATS are encrypted with is gone or another one; nothing is made or rolled until it is back.',
        stalls: true,
      },
      NotObserved: { doc: 'NATS has not been looked at since the last change.' },
    },
  },
  NetworkPolicyReady: {
    doc: 'The NetworkPolicies of the BatchSender are as they should be; whether the cluster enforces them is the check network-enforced.',
    reasons: {
      ...ANY_COMPONENT,
      Applied: { doc: 'All of them are there.' },
      Applying: { doc: 'Some are not there yet.' },
      Disabled: { doc: 'spec.network.policies is Disabled.' },
    },
  },
  MonitoringReady: {
    doc: 'What Prometheus needs to find the workers and to judge them, and the dashboards, are there.',
    reasons: {
      ...ANY_COMPONENT,
      NotConfigured: { doc: 'The spec asks for nothing.' },
      NotInstalled: {
        doc: 'The cluster has no ServiceMonitors or no PrometheusRules (the definitions of prometheus-operator); ours are written as soon as it has.',
      },
      Applying: { doc: 'Something that was asked for is not there yet.' },
      Applied: { doc: 'All that was asked for is there.' },
    },
  },
  WorkerReady: {
    doc: 'The database is migrated and enough workers are ready.',
    reasons: {
      ...DEPENDENT_COMPONENT,
      Available: { doc: 'Enough workers are ready.' },
      ScaledToZero: { doc: 'No worker is wanted.' },
      Migrating: { doc: 'The migration Job runs.' },
      MigrationFailed: { doc: 'The migration Job failed; it is tried again.' },
      CredentialsRefused: {
        doc: 'PostgreSQL, ClickHouse, the mail provider or Unleash does not accept the credentials in a Secret, which the message names.',
      },
      RollingOut: { doc: 'Workers are starting.' },
      Unavailable: { doc: 'Fewer workers are ready than maxUnavailable allows.' },
      ProgressDeadlineExceeded: { doc: 'Workers did not become ready in time.' },
    },
  },
  ArchiveReady: {
    doc: 'Old events move to the disk that the spec names.',
    reasons: {
      ...ANY_COMPONENT,
      DataLost: {
        doc: 'Rows or tables that were there are gone; nothing that could bring them back is removed, and no table is made anew. Restore them (docs/backup.md), or accept it with the annotation in the message.',
        stalls: true,
      },
      Archiving: { doc: 'Tables, storage policy and rule are as they should be.' },
      NotConfigured: { doc: 'The spec asks for no archive.' },
      EarlyCold: {
        doc: 'As it should be, but parts are on the disk before their time; docs/archive.md says how to bring them back.',
      },
      NotObserved: { doc: 'ClickHouse has not been looked at since the last change.' },
      Unreachable: { doc: 'The operator cannot talk to ClickHouse.' },
      CredentialsRefused: {
        doc: 'ClickHouse does not accept name and password of the operator; the message names Secret and keys.',
      },
      AccessDenied: { doc: 'The operator lacks a right in ClickHouse; the message names the grant.' },
      TableMissing: { doc: 'The database or a table is not there yet.' },
      DiskNotFound: { doc: 'The server has no disk of that name.' },
      DiskBroken: { doc: 'The server says that the disk is broken.' },
      PolicyNotFound: { doc: 'No storage policy fits, or the one that is named does not exist.' },
      PolicyAmbiguous: { doc: 'Several storage policies fit: name one.', stalls: true },
      PolicyNotSuperset: {
        doc: 'The storage policy lacks a volume of the present one; the server would refuse it.',
        stalls: true,
      },
      PolicyDrift: { doc: 'A table has another storage policy; it is put back.' },
      TTLDrift: { doc: 'A table has another rule; it is put back.' },
      AuditNotArchived: {
        doc: 'The audit log was made without a rule; the message has the statements for an administrator, since the operator may not change that table.',
      },
      ForeignRule: {
        doc: 'A table has a rule that the operator did not make; it is left alone and nothing is changed.',
      },
      RuleRefused: { doc: 'The server refuses the rule.' },
      NotMaterialized: { doc: 'Old parts do not know the rule yet.' },
      MutationFailed: { doc: 'Teaching old parts the rule fails.' },
      MoveLag: { doc: 'Parts have been due for more than an hour.' },
      ColdStorageUnavailable: { doc: 'The disk does not answer.' },
      StatementRefused: { doc: "ClickHouse refused a statement; the message is the server's." },
    },
  },
  BackupReady: {
    doc: 'Backups are made when they should be.',
    reasons: {
      ...DEPENDENT_COMPONENT,
      DataLost: {
        doc: 'Rows or tables that were there are gone; nothing that could bring them back is removed, and no table is made anew. Restore them (docs/backup.md), or accept it with the annotation in the message.',
        stalls: true,
      },
      Scheduled: { doc: 'The CronJobs are there and no backup was missed.' },
      NotConfigured: { doc: 'The spec asks for no backup.' },
      NotStarted: {
        doc: 'The Job of a backup, a verification or the retention has had no pod at work for five minutes.',
      },
      CredentialsRefused: {
        doc: 'ClickHouse does not accept name and password of whoever makes, counts or verifies backups, or S3 the keys of whoever removes old ones; the message names Secret, keys and role.',
      },
      BackupMissed: { doc: 'A backup that should have been made was not.' },
      BackupFailed: {
        doc: "A backup failed; the message is the server's. It is tried again at its next time.",
      },
      RetentionFailed: { doc: 'Old backups cannot be removed.' },
      DestinationShared: {
        doc: 'Another BatchSender keeps its backups at the same place, or within it: whoever removes old ones counts those of both.',
      },
      ScheduleUnknown: { doc: 'A schedule or the time zone makes no sense.', stalls: true },
    },
  },
  GatewayReady: GATEWAY_READY,
  MailFlowing: MAIL_FLOWING,
} as const satisfies Record<string, ConditionMeaning>

/** A condition of a part, in the order in which they are judged. */
export type ConditionType = keyof typeof CONDITIONS
export type ReasonOf<Type extends ConditionType> = keyof (typeof CONDITIONS)[Type]['reasons'] & string

/** A reason of any of them. */
export type AnyReason = { [Type in ConditionType]: ReasonOf<Type> }[ConditionType]

export const CONDITION_TYPES = Object.keys(CONDITIONS) as readonly ConditionType[]

/** Whether a condition sums into `Ready`. */
export function sumsIntoReady(type: ConditionType): boolean {
  const meaning: ConditionMeaning = CONDITIONS[type]
  return meaning.beside !== true
}

/** Whether a condition may be given that reason. */
export function declares(type: ConditionType, reason: string): boolean {
  return reason in CONDITIONS[type].reasons
}

/** Whether a person must act before a condition with this reason can become True. */
export function stalls(type: ConditionType, reason: string): boolean {
  const reasons: Readonly<Record<string, ReasonMeaning>> = CONDITIONS[type].reasons
  return reasons[reason]?.stalls === true
}

/** Those that stand for as long as they are there; what is asked for once is in requests.ts. */
export const ANNOTATIONS = {
  /** The token of a loss that a DataLost names: what is there now is all there is to be. */
  acceptDataLoss: 'batchsender.io/acceptDataLoss',
  /** `true`: children that were left without an owner are taken back. */
  adoptOrphans: 'batchsender.io/adoptOrphans',
  /** Namespace of the operator that is to look after the object, where there are several. */
  operator: 'batchsender.io/operator',
} as const
