import { casesOf, worker, type Case } from './case.ts'

const POD = 'orders-worker-5d9c7bf6b8-x2x4z'
const ofPod = (metric: string, more = '', pod = POD) =>
  `${metric}{namespace="mail",pod="${pod}",container="worker",uid="1",job="kube-state-metrics"${more}}`
const waiting = (pod = POD, reason = 'CrashLoopBackOff') =>
  ofPod('kube_pod_container_status_waiting_reason', `,reason="${reason}"`, pod)
const restarts = (pod = POD) => ofPod('kube_pod_container_status_restarts_total', '', pod)
const gauge = (name: string, pod = 'a') => worker(`batchsender_${name}`, '', pod)

const loop = casesOf('WorkerCrashLoop', 'critical')
const restarted = casesOf('WorkerRestarts', 'warning')
const nats = casesOf('NatsConnectionLoss', 'critical')
const database = casesOf('DatabaseSlowQueries', 'warning')
const HERE = { pod: POD }
const LOOPS = `The pod ${POD} of mail/orders is started again and again (CrashLoopBackOff).`
const CRASHED = `The worker in the pod ${POD} of mail/orders was started anew in the last 15 minutes.`
const AWAY = 'No worker of mail/orders has a connection to NATS: mail goes out late, by the sweep alone.'
const WAIT = 'In a worker of mail/orders 5 statements wait for a connection to PostgreSQL.'

export const workerCases: readonly Case[] = [
  loop.fires(
    'it waits, and runs for a moment in between',
    '9m',
    { [waiting()]: '1 0 0 1 0 0 1 0 0 1 0 0 1' },
    LOOPS,
    HERE,
  ),
  loop.fires('nobody saw it for two minutes', '12m', { [waiting()]: '1x6 _x2 1x20' }, LOOPS, HERE),
  loop.quiet('once', '12m', { [waiting()]: '1 0x20' }),
  loop.quiet('waits for something else', '12m', { [waiting(POD, 'ContainerCreating')]: '1x20' }),
  loop.quiet('a pod of somebody else', '12m', { [waiting('shop-worker-5d9c7bf6b8-x2x4z')]: '1x20' }),

  restarted.fires('once', '7m', { [restarts()]: '0x5 1x20' }, CRASHED, HERE),
  restarted.fires('between two looks with a gap', '12m', { [restarts()]: '0x5 _x3 1x20' }, CRASHED, HERE),
  restarted.quiet('long ago', '40m', { [restarts()]: '0x5 3x60' }),
  restarted.quiet('a pod of somebody else', '7m', { [restarts('shop-worker-5d9c7bf6b8-x2x4z')]: '0x5 1x20' }),

  nats.fires(
    'of no worker',
    '3m',
    { [gauge('nats_connected')]: '0x10', [gauge('nats_connected', 'b')]: '0x10' },
    AWAY,
  ),
  nats.fires('over a gap of two minutes', '8m', { [gauge('nats_connected')]: '0x3 _x2 0x10' }, AWAY),
  nats.quiet('of one of two', '9m', {
    [gauge('nats_connected')]: '0x10',
    [gauge('nats_connected', 'b')]: '1x10',
  }),
  nats.quiet('for a minute', '9m', { [gauge('nats_connected')]: '1 0 1x20' }),
  nats.quiet('no worker is there', '9m', { [gauge('nats_connected')]: '0 stale' }),

  database.fires('five wait for minutes', '12m', { [gauge('pool_waiting_statements')]: '5x30' }, WAIT),
  database.fires(
    'over a gap of two minutes',
    '15m',
    { [gauge('pool_waiting_statements')]: '5x8 _x2 5x20' },
    WAIT,
  ),
  database.fires(
    'now many, now none',
    '14m',
    { [gauge('pool_waiting_statements')]: '0 10 0 10 0 10 0 10 0 10 0 10 0 10 0 10 0 10' },
    WAIT,
  ),
  database.quiet('for a moment', '12m', { [gauge('pool_waiting_statements')]: '0x3 4 0x30' }),
  database.quiet('none', '12m', { [gauge('pool_waiting_statements')]: '0x30' }),
]
