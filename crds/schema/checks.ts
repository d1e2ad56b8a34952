/** Every check of the production-readiness checklist. */

/** What each proves, in the order in which they are printed. */
export const CHECKS = {
  'nats-tls-adopted':
    'Every NATS node serves the certificate that was issued, with its key and by a CA that clients trust, runs the configuration that it should, and refuses plain-text and certificate-less clients.',
  'certificates-current':
    'No certificate of NATS, and no CA of one, ends before half of the time that spec.nats.tls.renewBefore leaves is over; a week at most.',
  'archive-flowing':
    'Events past their time are on the archive disk, and none has been due for more than an hour.',
  'backup-fresh':
    'The newest backup is no older than spec.objectives.rpo allows, it and its base are at the destination, and nothing was lost since.',
  'restore-verified':
    'The newest backup was restored within two periods of its schedule, and every partition was equal; no older one that is kept failed to.',
  'network-enforced':
    'Connections that the NetworkPolicies allow come about and others do not: tried by the operator, and in the last day by pods in the name of the worker, NATS, the backups and a stranger.',
  'postgres-durable':
    'PostgreSQL keeps what it has told of: fsync is on, and synchronous_commit is not off, as the workers see it.',
  'postgres-encrypted':
    'Workers speak to PostgreSQL, or to its pooler, over TLS, and verified the certificate at its other end.',
  'audit-log':
    'Entries of the audit log reach ClickHouse within five minutes, and the user that writes them there may not change or remove any.',
  'webhooks-verified':
    'A webhook that nobody signed is turned away, as the workers try on themselves, and what genuine ones tell has its effect within five minutes.',
  'api-responsive':
    'Of the requests to the API in the last two minutes, uploads aside, no more than 5 % took longer than half a second, and no more than 5 % got 500 or above, as the workers measured it.',
  monitoring:
    'The ServiceMonitor, the alerts and the dashboards that spec.monitoring asks for are in the cluster, unchanged; that a Prometheus takes them up cannot be seen from here.',
  gateway:
    'The Gateway of spec.gateway has taken the routes to the workers as they are now, and the policy of their rate limit is in place.',
  'secrets-managed':
    'Every Secret that the spec names is kept by Sealed Secrets, External Secrets, SOPS or cert-manager, and nobody changed it by hand: asked for by spec.secrets.requireManaged.',
} as const
export type CheckName = keyof typeof CHECKS
