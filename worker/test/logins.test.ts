/** What each provider, and Unleash, says of a worker's credentials: told on the internal port, without a mail, and taken back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorkerSettingsInput } from '../../crds/workerSettings.ts'
import type { Evidence } from '../src/http/internalServer.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startResendDouble, type ResendDouble } from '../../hack/standins/resend.ts'
import { startSesDouble, type SesDouble } from '../../hack/standins/ses.ts'
import { startUnleashDouble, type UnleashDouble } from '../../hack/standins/unleash.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

/** It is tried twice a minute; the rest is for a machine that is busy. */
const WITHIN_MS = 180_000
let rig: Rig
let ses: SesDouble
let resend: ResendDouble
let unleash: UnleashDouble

beforeAll(async () => {
  rig = await startRig()
  ses = await startSesDouble({ said: 50 })
  resend = await startResendDouble()
  unleash = await startUnleashDouble('a-token')
})
afterAll(async () => {
  await Promise.all([ses.close(), resend.close(), unleash.close()])
  await rig.stop()
})

type Word = Evidence['provider']['credentials']

interface Case {
  readonly settings: () => Partial<WorkerSettingsInput>
  readonly refuse: (isOn: boolean) => Promise<void> | void
  readonly word: (evidence: Evidence) => Word
}

const CASES: Readonly<Record<string, Case>> = {
  smtp: {
    settings: () => ({ smtpUsername: 'sender', smtpPassword: 'canary' }),
    refuse: (isOn) =>
      rig.sink.behave(isOn ? [{ address: 'sender', at: 'auth', code: 535, message: 'no such user' }] : []),
    word: ({ provider }) => provider.credentials,
  },
  ses: {
    settings: () => ({
      provider: 'ses',
      sesRegion: 'eu-west-1',
      sesEndpoint: ses.url,
      sesAccessKeyId: 'AKIDEXAMPLE',
      sesSecretAccessKey: 'canary',
    }),
    refuse: (isOn) => {
      ses.refuseKey(isOn ? 'AKIDEXAMPLE' : undefined)
    },
    word: ({ provider }) => provider.credentials,
  },
  resend: {
    settings: () => ({ provider: 'resend', resendApiKey: 're_canary', resendEndpoint: resend.url }),
    refuse: (isOn) => {
      resend.refuseKey(isOn ? 're_canary' : undefined)
    },
    word: ({ provider }) => provider.credentials,
  },
  unleash: {
    settings: () => ({ featuresProvider: 'Unleash', unleashUrl: unleash.url, unleashToken: 'a-token' }),
    refuse: (isOn) => {
      unleash.fail(isOn ? 403 : undefined)
    },
    word: ({ features }) => features.credentials,
  },
}

const evidenceOf = async ({ internal }: WorkerProcess) =>
  (await (await fetch(`${internal}/evidence`)).json()) as Evidence

test.concurrent.each(Object.entries(CASES))(
  '%s: refused at the start, and taken back when they are accepted',
  async (_name, one) => {
    await one.refuse(true)
    const worker = await rig.worker(one.settings())
    const untilSaid = (word: Word) =>
      until(
        () => evidenceOf(worker),
        (evidence) => one.word(evidence) === word,
        worker.log,
        WITHIN_MS,
      )
    expect(JSON.stringify(await untilSaid('refused'))).not.toMatch(/canary|a-token/)
    await one.refuse(false)
    await untilSaid('accepted')
    expect(worker.log()).not.toMatch(/canary|a-token/)
    // It would take what others are to fail at.
    await worker.kill()
  },
  400_000,
)

test('of a server that is away nothing is known', async () => {
  const worker = await rig.worker({ smtpPort: 1, smtpUsername: 'sender', smtpPassword: 'canary' })
  const id = await worker.accept(1, 'away')
  const { provider } = await until(
    () => evidenceOf(worker),
    (evidence) => evidence.provider.state === 'closed',
    worker.log,
  )
  expect(provider.credentials).toBe('unknown')
  await worker.command(id, 'cancel')
})

test('of one that asks for none nothing is known', async () => {
  const worker = await rig.worker()
  const id = await worker.accept(1, 'open')
  await until(() => worker.batch(id), isFinished, worker.log)
  expect((await evidenceOf(worker)).provider.credentials).toBe('unknown')
})
