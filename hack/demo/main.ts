/** `make run` and `make stop`: the whole product on this machine, up and down. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureCluster, kubectl, stopCluster, type Cluster } from '../cluster/cluster.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { endpointsIn, lookAround, removeFrom, untroubled } from './currentCluster.ts'
import { writeEnvironment } from './environmentFile.ts'
import { installOperator } from './install.ts'
import { sendAndAccount, untilServed, type Account } from './mail.ts'
import { untilReady } from './readiness.ts'
import { ensureSurroundings, type Credentials } from './surroundings.ts'

const NAMESPACE = 'demo'
const NAME = 'orders'
const MAILS = 1_000
const runDir = join(repositoryDir, '.run')

const startedAt = Date.now()
const say = (line: string) => {
  console.log(line)
}
const step = (line: string) => {
  say(`\n\u001b[1m${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${line}\u001b[0m`)
}

async function up(): Promise<void> {
  step('cluster')
  const cluster = await ensureCluster()
  if (!cluster.local) say(await untroubled(cluster, NAMESPACE))
  step('operator')
  await installOperator(cluster, 'cluster-wide')
  step('PostgreSQL, ClickHouse engine, S3, SMTP sink')
  const credentials = await ensureSurroundings(cluster, NAMESPACE)
  step(`BatchSender ${NAMESPACE}/${NAME}`)
  await kubectl(cluster, [
    '-n',
    NAMESPACE,
    'apply',
    '--server-side',
    '-f',
    join(repositoryDir, 'config/samples/demo.yaml'),
  ])
  await untilReady(cluster, NAMESPACE, NAME, { tell: say })
  const { endpoints, close } = await reached(cluster, credentials)
  await Promise.all([untilServed(endpoints.apiUrl), untilServed(endpoints.sinkUrl)])
  step(`${MAILS.toLocaleString('en')} mails`)
  const account = await sendAndAccount(endpoints, MAILS, { tell: progress() })
  say('')
  say(await kubectl(cluster, ['-n', NAMESPACE, 'get', 'bs', '-o', 'wide']))
  tellAccount(account)
  close()
  say(
    cluster.local
      ? `\nLook around:\n  source .run/env\n  $KUBECTL get bs -A\n  $KUBECTL -n ${NAMESPACE} describe bs ${NAME}\n  curl $SINK_URL/count\nEnd it with: make stop`
      : lookAround(NAMESPACE, NAME),
  )
  if (account.distinct !== MAILS || account.duplicates > 0) process.exitCode = 1
}

async function reached(cluster: Cluster, credentials: Credentials) {
  const demo = { namespace: NAMESPACE, name: NAME }
  if (!cluster.local) return endpointsIn(cluster, { ...demo, apiToken: credentials.apiToken })
  const endpoints = await writeEnvironment({ ...demo, cluster, credentials }, runDir)
  return { endpoints, close: () => undefined }
}

function tellAccount({ batch, recipients, distinct, duplicates, uncertain, seconds }: Account): void {
  const rate = Math.round(recipients / seconds)
  say(`batch ${batch.id} ${batch.state} in ${seconds.toFixed(1)} s (${rate} mails/s)`)
  for (const [label, value] of Object.entries({
    accepted: recipients,
    'at the sink': distinct,
    duplicates,
    uncertain,
  }))
    say(`  ${label.padEnd(12)} ${String(value).padStart(6)}`)
}

/** Says a line only when it says something new. */
function progress(): (line: string) => void {
  let last = ''
  return (line) => {
    if (line !== last) say(`        ${line}`)
    last = line
  }
}

async function down(): Promise<void> {
  if (process.env['CLUSTER'] === 'current') {
    say(await removeFrom(await ensureCluster(), NAMESPACE))
    return
  }
  await stopCluster()
  await rm(runDir, { recursive: true, force: true })
  say('stopped; builds and images are kept in the cache')
}

const command = process.argv[2]
try {
  if (command === 'up') await up()
  else if (command === 'down') await down()
  else throw new Error('usage: main.ts up | down')
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  const log = await readFile(join(runDir, 'env'), 'utf8').catch(() => '')
  if (log !== '') console.error('Look around with: source .run/env; $KUBECTL -n demo describe bs orders')
  process.exitCode = 1
}
