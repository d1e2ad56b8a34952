/** Events on a BatchSender beside those that carry the reason of a condition that turned. */
export const EVENTS = {
  Created: 'A child was made.',
  Updated: 'A child was brought in line with the spec.',
  Healed: 'A child that was gone or had been changed is as it should be again.',
  Removed: 'A child that is not wanted any more was deleted.',
  CertificateIssued: 'A certificate was made, and why.',
  NatsReloaded: 'A node of NATS was told to read its configuration and certificates again.',
  OwnershipContested: 'Somebody changed a field of ours; it was put back.',
  ReportRefused: 'What a Job said of a backup is not what the server and the destination show.',
  AdmissionChanged: 'Admission sets another value of a field of ours; it is left as it is.',
  Shared:
    'Another BatchSender uses the same database or place for backups; status.evidence.shared says which.',
  KeptByAnother: 'The operator of another installation looks after the object; this one stands back.',
} as const
