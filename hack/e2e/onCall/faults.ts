/** What somebody is woken for: each fault, who has to tell of it and in which words, which alert calls, and the way back. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './called.ts'
import type { OnCallSite } from './site.ts'
import { createBatch, recipientsOf, untilServed } from '../../demo/mail.ts'
import { notedOf, podNames, putSecret, respec, secretOf, userCa } from '../breaks/hands.ts'
import { called, FLOWS, WITHIN_SECONDS } from './called.ts'
import { behave, cancel, send, session } from './hands.ts'
import { believePostgres } from './site.ts'

const REFUSED = 'refused'

const ofMail: readonly Fault[] = [
  called('ProviderAway', {
    how: 'the mail server is gone',
    breakIt: async (site) => {
      await site.here.kubectl('scale', 'deployment/smtp-sink', '--replicas=0')
      await send(site, 20, 'away')
    },
    red: {
      at: 'MailFlowing',
      is: 'False',
      says: /^ProviderUnreachable: the SMTP server smtp-sink\..* does not answer, or breaks off/,
      withinSeconds: WITHIN_SECONDS,
    },
    mend: ({ here }) => here.kubectl('scale', 'deployment/smtp-sink', '--replicas=1'),
    green: FLOWS,
  }),
  called('HighErrorRate', {
    how: 'the mail server refuses most addresses',
    breakIt: async (site) => {
      await site.here.kubectl('rollout', 'status', 'deployment/smtp-sink', '--timeout=120s')
      // The rules behind the address of a Service follow its pods with a delay.
      await untilServed(site.endpoints.sinkUrl)
      await behave(site, {
        address: `*@${REFUSED}.example.com`,
        at: 'rcpt',
        code: 550,
        message: '5.1.1 no such user',
      })
      site.insist(async (signal) => {
        // Fewer than half are refused: a batch of which most are pauses by itself.
        const { id } = await createBatch(site.endpoints, [
          ...recipientsOf(60, `fine${Date.now()}`),
          // Whom it does not know is not tried twice.
          ...recipientsOf(30, REFUSED).map((each) => `${Date.now()}.${each}`),
        ])
        site.noted.set('batch', id)
        await sleep(5_000, undefined, { signal })
      })
    },
    red: {
      at: 'MailFlowing',
      is: 'False',
      says: /^MailsRefused: more than 5 % of the mails .* most of them with class recipient$/,
      withinSeconds: WITHIN_SECONDS,
    },
    mend: async (site) => {
      await site.relent()
      await behave(site)
    },
    green: FLOWS,
  }),
  called('StuckBatches', {
    how: 'a transaction that somebody forgot holds the recipients of a batch',
    breakIt: async (site) => {
      await behave(site, { address: '*', at: 'data', delayMs: 1_500 })
      const batch = await send(site, 4_000, 'stuck')
      site.noted.set('batch', batch)
      const forgotten = await session(site)
      await forgotten.query(
        `SELECT FROM recipient WHERE batch_id = $1 AND state = 'pending' FOR UPDATE SKIP LOCKED`,
        [batch],
      )
      await behave(site)
      site.insist(async (signal) => {
        await sleep(3_600_000, undefined, { signal }).catch(() => undefined)
        await forgotten.end()
      })
    },
    red: {
      at: 'MailFlowing',
      is: 'False',
      says: /^Stuck: a batch has not got on since .* although mails of it are due$/,
      // It has to last for a minute first.
      withinSeconds: WITHIN_SECONDS + 90,
    },
    mend: (site) => site.relent(),
    green: FLOWS,
  }),
  called('BacklogHigh', {
    how: 'the mail server takes seconds for each mail, and a large batch comes',
    breakIt: async (site) => {
      await behave(site, { address: '*', at: 'data', delayMs: 5_000 })
      site.noted.set('batch', await send(site, 20_000, 'backlog'))
    },
    red: {
      at: 'MailFlowing',
      is: 'False',
      says: /^Backlog: more than 5 wake-ups wait in the queue/,
      withinSeconds: WITHIN_SECONDS,
    },
    mend: async (site) => {
      await cancel(site, notedOf(site, 'batch'))
      await behave(site)
    },
    green: FLOWS,
  }),
]

const ofApi = called('ApiSlow', {
  how: 'somebody locks a table of PostgreSQL again and again',
  breakIt: (site) => {
    site.insist(async (signal) => {
      const locking = await session(site)
      try {
        await locking.query('LOCK TABLE batch IN ACCESS EXCLUSIVE MODE')
        const asked = Promise.all(Array.from({ length: 4 }, () => list(site)))
        await sleep(1_000, undefined, { signal })
        await locking.query('ROLLBACK')
        await asked
      } finally {
        await locking.end()
      }
    })
    return Promise.resolve()
  },
  red: { at: 'api-responsive', is: 'Failing', says: /half a second/, withinSeconds: WITHIN_SECONDS },
  mend: (site) => site.relent(),
  green: { at: 'api-responsive', is: 'Proven', withinSeconds: 300 },
})

async function list({ endpoints }: OnCallSite): Promise<void> {
  const { apiUrl, apiToken } = endpoints
  const answer = await fetch(`${apiUrl}/v1/batches?limit=1`, {
    headers: { authorization: `Bearer ${apiToken}` },
    signal: AbortSignal.timeout(30_000),
  })
  await answer.text()
}

const HOUR_MS = 3_600_000
const USER_CA = 'our-ca'

const ofCertificate = called('CertificateExpiring', {
  how: 'the CA of the user ends in two days, and nobody puts its successor there',
  breakIt: async ({ here }) => {
    await putSecret(here, USER_CA, await userCa('ours', 'p256', new Date(Date.now() + 48 * HOUR_MS)))
    await respec(here, { nats: { tls: { issuerSecretRef: { name: USER_CA } } } })
  },
  red: {
    at: 'certificates-current',
    is: 'Failing',
    says: /ends at .*Z: /,
    withinSeconds: WITHIN_SECONDS,
  },
  mend: async ({ here }) => putSecret(here, USER_CA, await userCa('ours, the second')),
  green: { at: 'certificates-current', is: 'Proven', withinSeconds: 300 },
})

const ofPostgres = called(
  'CheckFailing',
  {
    how: 'the CA of PostgreSQL is taken out of its Secret: nobody asks for TLS any more',
    breakIt: async ({ here, noted }) => {
      const { 'ca.crt': ca = '' } = await secretOf(here, 'postgres')
      noted.set('ca', ca)
      await believePostgres(here, null)
    },
    // Workers are started anew for it.
    red: { at: 'postgres-encrypted', is: 'Failing', says: /without TLS/, withinSeconds: 180 },
    mend: (site) => believePostgres(site.here, notedOf(site, 'ca')),
    green: { at: 'postgres-encrypted', is: 'Proven', withinSeconds: 300 },
  },
  { check: 'postgres-encrypted' },
)

const ofCrashes = called('WorkerCrashLoop', {
  how: 'every worker is killed whenever it runs',
  breakIt: (site) => {
    site.insist(async (signal) => {
      for (const pod of await podNames(site.here, 'worker')) await site.here.signalPod(pod, 'KILL')
      await sleep(1_000, undefined, { signal })
    })
    return Promise.resolve()
  },
  red: { at: 'WorkerReady', is: 'False', says: /worker/, withinSeconds: WITHIN_SECONDS },
  mend: (site) => site.relent(),
  green: { at: 'WorkerReady', is: 'True', withinSeconds: 600 },
})

/** One after the other: each would hide the next. */
export const faults: readonly Fault[] = [ofApi, ofCertificate, ofPostgres, ofCrashes, ...ofMail]

/** Takes as long as an objective, and disturbs none of the others. */
export const backupsStop: Fault = called('BackupTooOld', {
  how: 'the bucket of the backups is gone',
  breakIt: ({ here }) => here.kubectl('scale', 'deployment/s3', '--replicas=0'),
  red: { at: 'backup-fresh', is: 'Failing', says: /^backup of .*, limit 3m/, withinSeconds: 400 },
  mend: ({ here }) => here.kubectl('scale', 'deployment/s3', '--replicas=1'),
  green: { at: 'backup-fresh', is: 'Proven', withinSeconds: 400 },
})
