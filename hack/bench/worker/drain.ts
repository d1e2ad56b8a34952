/** How fast one worker drains a batch, against nodemailer alone to the same sink: alternating rounds, mails per second. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Rig } from '../../../worker/test/rig.ts'
import { startRig } from '../../../worker/test/rig.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 3)
const COUNT = Number(process.env['COUNT'] ?? 10_000)
const HTML_BYTES = 4_096
const CONNECTIONS = 50

interface Round {
  readonly mailsPerSecond: number
  readonly cpuSecondsPerThousand: number
}

const rig = await startRig({ postgresSettings: ['fsync=on'] })
const worker = await rig.worker(
  { workerName: 'bench', logLevel: 'warn' },
  { LEASE_MS: '45000', SWEEP_EVERY_MS: '2000' },
)
try {
  const bare: Round[] = []
  const ours: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await measure(rig, runBare))
    ours.push(await measure(rig, runOurs))
    console.log(`round ${round + 1}: bare ${words(bare.at(-1))}, worker ${words(ours.at(-1))}`)
  }
  const ratio =
    median(ours.map((each) => each.mailsPerSecond)) / median(bare.map((each) => each.mailsPerSecond))
  console.log(JSON.stringify({ count: COUNT, bare, ours, ratio: Number(ratio.toFixed(3)) }))
} finally {
  await rig.stop()
}

/** Between the first and the last mail as the sink saw them; every recipient once, or the round is void. */
async function measure({ sink }: Rig, run: () => Promise<number>): Promise<Round> {
  const before = await sink.count()
  const cpuSeconds = await run()
  const messages = await sink.messages(before)
  const distinct = new Set(messages.map(({ recipient }) => recipient)).size
  if (distinct !== COUNT || messages.length !== COUNT) throw new Error(`${distinct} of ${COUNT} arrived`)
  const at = (index: number) => Date.parse(messages.at(index)?.receivedAt ?? '')
  return {
    mailsPerSecond: Math.round((COUNT * 1_000) / (at(-1) - at(0))),
    cpuSecondsPerThousand: Number(((cpuSeconds * 1_000) / COUNT).toFixed(2)),
  }
}

async function runBare(): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, 'bareSender.ts')],
    {
      env: {
        SMTP_PORT: String(rig.sink.smtpPort),
        COUNT: String(COUNT),
        HTML_BYTES: String(HTML_BYTES),
        CONNECTIONS: String(CONNECTIONS),
      },
    },
  )
  return (JSON.parse(stdout) as { cpuSeconds: number }).cpuSeconds
}

async function runOurs(): Promise<number> {
  const cpuBefore = await cpuSecondsOf(worker.pid())
  const before = await rig.sink.count()
  const html = '<p>Lorem ipsum dolor sit amet, consectetur adipisici elit, sed eiusmod.</p>\n'.repeat(
    Math.ceil(HTML_BYTES / 77),
  )
  const recipients = Array.from({ length: COUNT }, (_, index) => ({ address: `r${index}@example.org` }))
  const from = 'Sender <sender@example.org>'
  const response = await worker.post({ from, subject: 'Hello', html, recipients })
  const { id } = (await response.json()) as { id: string }
  while ((await rig.sink.count()) - before < COUNT) await sleep(100)
  while ((await worker.batch(id)).state !== 'completed') await sleep(100)
  return (await cpuSecondsOf(worker.pid())) - cpuBefore
}

/** User and system time of a process, all threads (proc(5), fields 14 and 15, in hundredths). */
async function cpuSecondsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function words(round: Round | undefined): string {
  return `${round?.mailsPerSecond}/s (${round?.cpuSecondsPerThousand} CPU-s per 1000)`
}
