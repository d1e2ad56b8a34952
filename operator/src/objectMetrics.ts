/**
 * What Prometheus is told of each BatchSender, made of the statuses that are known when it asks: nothing is kept for it,
 * and the series of an object are gone with the object. Objects are told of in portions, so that a scrape of thousands
 * holds up no pass.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { BatchSenderStatus } from '../../crds/schema/status.ts'
import type { Sender } from './components/snapshot.ts'
import type { KubernetesObject } from './runtime/object.ts'
import { backupWish, freshnessMs } from './components/backup/wish.ts'
import { renewalLateSeconds } from './components/parts/thresholds.ts'

interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ObjectMetric {
  readonly name: string
  readonly help: string
  /** Beside `namespace` and `batchsender`. */
  readonly labelNames: readonly string[]
  readonly series: (object: Known) => readonly Series[]
}

interface Known {
  readonly spec: Sender['spec']
  readonly status: BatchSenderStatus
}

export const OBJECT_LABELS = ['namespace', 'batchsender'] as const

const instant = (text: string | undefined, labels: Series['labels'] = {}): readonly Series[] => {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? [] : [{ labels, value: at / 1_000 }]
}

export const OBJECT_METRICS: readonly ObjectMetric[] = [
  {
    name: 'batchsender_status_condition',
    help: '1 for the status and the reason that a condition has.',
    labelNames: ['type', 'status', 'reason'],
    series: ({ status }) =>
      (status.conditions ?? []).map(({ type, status: value, reason }) => ({
        labels: { type, status: value, reason },
        value: 1,
      })),
  },
  {
    name: 'batchsender_status_check',
    help: '1 for the state that a check of the production-readiness list has.',
    labelNames: ['check', 'state'],
    series: ({ status }) =>
      (status.checks ?? []).map(({ name, state }) => ({ labels: { check: name, state }, value: 1 })),
  },
  {
    name: 'batchsender_certificate_not_after_timestamp_seconds',
    help: 'When the first of the certificates of NATS that are in use ends (nats), and when their CA does (nats-ca).',
    labelNames: ['certificate'],
    series: ({ status: { evidence } }) => [
      ...instant(evidence?.natsTls?.expiresAt, { certificate: 'nats' }),
      ...instant(evidence?.natsTls?.caExpiresAt, { certificate: 'nats-ca' }),
    ],
  },
  {
    name: 'batchsender_certificate_renewal_late_seconds',
    help: 'How long before its end a certificate of NATS is late to be renewed: half of renewBefore, a week at most.',
    labelNames: [],
    series: ({ spec, status: { evidence } }) =>
      evidence?.natsTls ? [{ labels: {}, value: renewalLateSeconds(spec) }] : [],
  },
  {
    name: 'batchsender_backup_completed_timestamp_seconds',
    help: 'When the newest backup was complete.',
    labelNames: [],
    series: ({ status: { evidence } }) => instant(evidence?.backup?.last?.completedAt),
  },
  {
    name: 'batchsender_backup_verified_timestamp_seconds',
    help: 'When a backup was last restored and found equal.',
    labelNames: [],
    series: ({ status: { evidence } }) => instant(evidence?.backup?.verified?.completedAt),
  },
  {
    name: 'batchsender_backup_max_age_seconds',
    help: 'How old the newest backup may be, by spec.objectives.rpo and the time to make the next one.',
    labelNames: [],
    series: ({ spec }) => {
      const wish = backupWish({ spec })
      return wish ? [{ labels: {}, value: freshnessMs(wish) / 1_000 }] : []
    },
  },
  {
    name: 'batchsender_suspended',
    help: '1 while spec.suspend is set.',
    labelNames: [],
    series: ({ spec }) => [{ labels: {}, value: spec.suspend === true ? 1 : 0 }],
  },
]

/** Objects of one portion: a few milliseconds. */
const PORTION = 100

/** The text format of Prometheus, in parts. */
export async function* objectMetrics(given: Iterable<KubernetesObject>): AsyncGenerator<string> {
  const objects = [...given]
  for (const metric of OBJECT_METRICS) {
    yield `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} gauge\n`
    for (let from = 0; from < objects.length; from += PORTION) {
      yield objects
        .slice(from, from + PORTION)
        .map((object) => linesOf(metric, object))
        .join('')
      await turn()
    }
  }
}

function linesOf({ name, series }: ObjectMetric, object: KubernetesObject): string {
  const { namespace = '', name: batchsender } = object.metadata
  const whose = `namespace="${escaped(namespace)}",batchsender="${escaped(batchsender)}"`
  return seriesOf(series, object)
    .map(({ labels, value }) => `${name}{${whose}${labelText(labels)}} ${value}\n`)
    .join('')
}

/** Of a spec that makes no sense nothing can be told that is made of it. */
function seriesOf(series: ObjectMetric['series'], object: KubernetesObject): readonly Series[] {
  try {
    const status: BatchSenderStatus = object['status'] ?? {}
    return series({ spec: object['spec'] as Sender['spec'], status })
  } catch {
    return []
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in labels) text += `,${name}="${escaped(labels[name] ?? '')}"`
  return text
}

const SPECIAL = /[\\\n"]/

/** Hardly any has something to escape. */
const escaped = (value: string): string =>
  SPECIAL.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : value
