/**
 * A second valid value for every leaf of the spec, for the test that edits each of them on a Ready object made from
 * `config/samples/full.yaml`. A leaf that is missing here fails that test.
 */

export interface SecondValue {
  readonly to: unknown
  /** Merged into the spec first, where the sample has another member of a union. */
  readonly given?: object
  /** Part of the same edit: what the new value needs beside it. */
  readonly with?: object
  /** What the API server says of a field that cannot be changed. */
  readonly refused?: RegExp
}

const SMTP = { host: 'mail.example.com', credentialsSecretRef: { name: 'smtp' } }
const SES = { provider: { smtp: null, resend: null, ses: { region: 'eu-west-1' } } }
const RESEND = {
  provider: {
    smtp: null,
    ses: null,
    resend: { credentialsSecretRef: { name: 'resend' }, webhookSecretRefs: [{ name: 'webhook' }] },
  },
}
const BY_LOAD = { replicas: null, autoscaling: { minReplicas: 2, maxReplicas: 4 } }
const UNLEASH = {
  features: {
    provider: 'Unleash',
    configMapRef: null,
    unleash: { url: 'https://unleash.example.com/api', tokenSecretRef: { name: 'unleash' } },
  },
}
const peer = (name: string) => [{ podSelector: { matchLabels: { app: name } } }]
const range = (cidr: string) => [{ ipBlock: { cidr } }]
const AFFINITY = {
  nodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
    ],
  },
}
const SPREAD = [{ maxSkew: 2, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' }]
const TOLERATIONS = [{ key: 'batch', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }]
/** As people write them. */
const RESOURCES = { requests: { cpu: 0.75, memory: '1024Mi' }, limits: { memory: '1.5Gi' } }

const FIXED = /cannot change/

export const SECOND_VALUES: Readonly<Record<string, SecondValue>> = {
  'worker.replicas': { to: 3 },
  'worker.autoscaling.minReplicas': { given: { worker: BY_LOAD }, to: 3 },
  'worker.autoscaling.maxReplicas': { given: { worker: BY_LOAD }, to: 5 },
  'worker.autoscaling.targetCpuPercent': { given: { worker: BY_LOAD }, to: 65 },
  'worker.autoscaling.metrics': {
    given: { worker: { autoscaling: { targetCpuPercent: null } } },
    to: [
      {
        type: 'External',
        external: { metric: { name: 'backlog' }, target: { type: 'AverageValue', averageValue: '1000m' } },
      },
    ],
  },
  'worker.image': { to: 'registry.example.com/batchsender/worker:7.0.0' },
  'worker.imagePullSecrets': { to: [{ name: 'registry' }, { name: 'mirror' }] },
  'worker.nodeSelector': { to: { disk: 'nvme' } },
  'worker.tolerations': { to: TOLERATIONS },
  'worker.priorityClassName': { to: 'system-cluster-critical' },
  'worker.podLabels': { to: { team: 'newsletter' } },
  'worker.podAnnotations': { to: { 'sidecar.istio.io/inject': 'false' } },
  'worker.resources': { to: RESOURCES },
  'worker.affinity': { to: AFFINITY },
  'worker.topologySpreadConstraints': { to: SPREAD },
  'worker.provider.smtp.host': { to: 'relay.example.com' },
  'worker.provider.smtp.port': { to: 587 },
  'worker.provider.smtp.tls': { to: 'Opportunistic' },
  'worker.provider.smtp.maxMessagesPerConnection': { to: 10 },
  'worker.provider.smtp.connections': { to: 3 },
  'worker.provider.smtp.ehloName': { to: 'mail.example.org' },
  'worker.provider.smtp.caSecretRef.name': { to: 'smtp-ca' },
  'worker.provider.smtp.timeouts.connectSeconds': { to: 5 },
  'worker.provider.smtp.timeouts.greetingSeconds': { to: 60 },
  'worker.provider.smtp.timeouts.replySeconds': { to: 900 },
  'worker.provider.smtp.credentialsSecretRef.name': { to: 'smtp-2' },
  'worker.provider.ses.region': { given: { worker: SES }, to: 'us-east-1' },
  'worker.provider.ses.configurationSet': { given: { worker: SES }, to: 'orders' },
  'worker.provider.ses.endpoint': { given: { worker: SES }, to: 'https://email.example.com' },
  'worker.provider.ses.credentialsSecretRef.name': { given: { worker: SES }, to: 'ses' },
  'worker.provider.ses.topicArns': {
    given: { worker: SES },
    to: ['arn:aws:sns:eu-west-1:123456789012:mail'],
  },
  'worker.provider.ses.signatures': {
    given: { worker: { provider: { ses: { topicArns: ['arn:aws:sns:eu-west-1:123456789012:mail'] } } } },
    to: 'Sha256',
  },
  'worker.provider.resend.endpoint': { given: { worker: RESEND }, to: 'https://resend.example.com' },
  'worker.provider.resend.credentialsSecretRef.name': { given: { worker: RESEND }, to: 'resend-2' },
  'worker.provider.resend.webhookSecretRefs': { given: { worker: RESEND }, to: [{ name: 'webhook-2' }] },
  'worker.provider.maxPerSecond': {
    given: { worker: { provider: { ses: null, resend: null, smtp: SMTP } } },
    to: 50,
  },
  'worker.provider.onUncertain': { to: 'Hold' },
  'worker.http.tokensSecretRef.name': { to: 'api-tokens-2' },
  'worker.logLevel': { to: 'debug' },
  'worker.http.maxRequestSizeBytes': { to: 1_048_576 },
  'worker.http.rateLimitPerIp': { to: 61 },
  'worker.http.rateLimitPerToken': { to: 12_001 },
  'worker.http.trustedProxies': { to: ['10.1.0.0/16'] },
  'worker.unsubscribe.baseUrl': { to: 'https://other.example.com' },
  'worker.unsubscribe.keySecretRef.name': { to: 'unsubscribe-2' },
  'worker.features.provider': {
    to: 'Env',
    with: { worker: { features: { configMapRef: null, flags: { 'wide-claims': 5 } } } },
  },
  'worker.features.flags.provider-paused': { to: true },
  'worker.features.flags.on-uncertain': { to: 'Resend' },
  'worker.features.flags.wide-claims': { to: 10 },
  'worker.features.configMapRef.name': {
    given: { worker: { features: { provider: 'ConfigMap', flags: null, configMapRef: { name: 'flags' } } } },
    to: 'flags-2',
  },
  'worker.features.unleash.url': { given: { worker: UNLEASH }, to: 'https://other.example.com/api' },
  'worker.features.unleash.tokenSecretRef.name': { to: 'unleash-2' },
  'worker.features.unleash.appName': { to: 'orders-2' },
  'postgres.credentialsSecretRef.name': { to: 'postgres-2' },
  'nats.managed.replicas': { to: 5 },
  'nats.managed.storage.size': { to: '20480Mi', refused: FIXED },
  'nats.managed.storage.storageClassName': { to: 'slow', refused: FIXED },
  'nats.managed.encryption.enabled': { to: true, refused: FIXED },
  'nats.managed.resources': { to: RESOURCES },
  'nats.managed.imagePullSecrets': { to: [{ name: 'registry' }] },
  'nats.managed.nodeSelector': { to: { disk: 'nvme' } },
  'nats.managed.tolerations': { to: TOLERATIONS },
  'nats.managed.priorityClassName': { to: 'system-cluster-critical' },
  'nats.managed.podLabels': { to: { team: 'newsletter' } },
  'nats.managed.podAnnotations': { to: { 'sidecar.istio.io/inject': 'false' } },
  'nats.managed.affinity': { to: AFFINITY },
  'nats.managed.topologySpreadConstraints': { to: SPREAD },
  'nats.external.servers': { to: 'the same server by another name' },
  'nats.external.tlsSecretRef.name': { to: 'nats-client-2' },
  'nats.external.replicas': { to: 1 },
  'nats.tls.duration': { to: '2160h' },
  'nats.tls.renewBefore': { to: '480h' },
  'nats.tls.caDuration': { to: '17520h' },
  'nats.tls.issuerSecretRef.name': { to: 'issuer' },
  'clickhouse.external.url': { to: 'the same server by another name' },
  'clickhouse.external.credentialsSecretRef.name': { to: 'clickhouse-2' },
  'clickhouse.external.insecure': { to: true },
  'clickhouse.database': { to: 'other', refused: FIXED },
  'clickhouse.archive.afterDays': { to: 61 },
  'clickhouse.archive.storagePolicy': { to: 'archive_v2' },
  'clickhouse.archive.disk': { to: 's3_2' },
  'clickhouse.backup.schedule': { to: '30 3 * * *' },
  'clickhouse.backup.incrementalSchedule': { to: '5/15 * * * *' },
  'clickhouse.backup.timeZone': { to: 'Europe/Vienna' },
  'clickhouse.backup.destination.namedCollection': { to: 'backup_2' },
  'clickhouse.backup.destination.s3.endpoint': { to: 'https://s3.example.com' },
  'clickhouse.backup.destination.s3.bucket': { to: 'mail-backups-2' },
  'clickhouse.backup.destination.s3.region': { to: 'eu-west-1' },
  'clickhouse.backup.destination.s3.prefix': { to: 'orders-2/' },
  'clickhouse.backup.destination.s3.credentialsSecretRef.name': { to: 'backup-bucket-2' },
  'clickhouse.backup.retention.fullBackups': { to: 31 },
  'clickhouse.backup.verify.schedule': { to: '0 6 * * 0' },
  'clickhouse.backup.resources': { to: RESOURCES },
  'network.policies': { to: 'Disabled' },
  'network.clients': { given: { network: { policies: 'Enabled' } }, to: peer('checkout') },
  'network.natsClients': { to: peer('other-box') },
  'network.monitoring': { to: peer('prometheus') },
  'network.egress.postgres': { to: range('10.21.0.0/16') },
  'network.egress.mail': { to: range('203.0.113.0/25') },
  'network.egress.clickhouse': { to: range('198.51.100.0/25') },
  'network.egress.nats': { to: range('192.0.2.0/28') },
  'network.egress.s3': { to: range('192.0.2.64/27') },
  'network.egress.unleash': { to: range('192.0.2.16/28') },
  'network.egress.dns': { to: peer('node-local-dns') },
  'network.ports.postgres': { to: [5433] },
  'network.ports.mail': { to: [587] },
  'network.ports.clickhouse': { to: [8444] },
  'network.ports.nats': { to: [4223] },
  'network.ports.s3': { to: [9000] },
  'network.ports.unleash': { to: [4242] },
  'network.ports.dns': { to: [53] },
  'network.dnsCidrs': { to: ['169.254.20.11/32'] },
  'monitoring.serviceMonitor.interval': { to: '1m' },
  'monitoring.serviceMonitor.labels': { to: { release: 'other' } },
  'gateway.provider': { given: { gateway: { rateLimit: { proxiesInFront: null } } }, to: 'EnvoyGateway' },
  'gateway.parentRef.name': { to: 'internal' },
  'gateway.parentRef.namespace': { to: 'platform' },
  'gateway.parentRef.sectionName': { to: 'web' },
  'gateway.hostnames': { to: ['mail.example.com', '*.mail.example.org'] },
  'gateway.from.pods': { to: peer('envoy') },
  'gateway.from.addresses': { to: ['10.244.4.0/24'] },
  'gateway.rateLimit.requestsPerSecond': { to: 51 },
  'gateway.rateLimit.proxiesInFront': { given: { gateway: { provider: 'Traefik' } }, to: 2 },
  'monitoring.rules.labels': { to: { release: 'other' } },
  'monitoring.rules.runbookBaseUrl': { to: 'https://wiki.example.com/mail' },
  'monitoring.rules.thresholds.errorRatePercent': { to: 3 },
  'monitoring.rules.thresholds.stuckBatchAge': { to: '2h' },
  'monitoring.rules.thresholds.backlog': { to: 50_000 },
  'monitoring.rules.thresholds.apiP95Milliseconds': { to: 1_000 },
  'monitoring.rules.thresholds.providerAway': { to: '90s' },
  'monitoring.rules.thresholds.outboxAge': { to: '10m' },
  'monitoring.dashboards.labels': { to: { dashboards: 'mail' } },
  'monitoring.dashboards.annotations': { to: { folder: 'Mail' } },
  'secrets.requireManaged': { to: false },
  'objectives.rpo': { to: '45m' },
  'objectives.availability': { to: '99.95' },
  'readiness.waive': { to: [{ check: 'archive-flowing', reason: 'nothing is old yet' }] },
  deletionPolicy: { to: 'Retain' },
  suspend: { to: true },
}
