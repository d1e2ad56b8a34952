/** The settings of PostgreSQL that decide whether a commit is kept, undone in every place where they can be. */
import type { Break, Telling } from './break.ts'
import { podNames, secretOf, sql, type Site } from './hands.ts'

const CHECK = 'postgres-durable'
/** One of the workers is asked every 30 s. */
const ASKED_SECONDS = 180
/** Its connections live for two minutes: one that was opened with a setting shows it for as long. */
const RENEWED_SECONDS = 300
const PROVEN: Telling = {
  at: CHECK,
  is: 'Proven',
  says: /^fsync is on, synchronous_commit is on/,
  withinSeconds: RENEWED_SECONDS,
}
const failing = (says: RegExp): Telling => ({ at: CHECK, is: 'Failing', says, withinSeconds: ASKED_SECONDS })
const RELOAD = 'SELECT pg_reload_conf()'
const LOSES_RESULTS = /synchronous_commit is off/

interface Setting {
  readonly how: string
  readonly off: readonly string[]
  readonly on: readonly string[]
  readonly says: RegExp
}

const setting = ({ how, off, on, says }: Setting): Break<Site> => ({
  how,
  breakIt: ({ here }) => sql(here, ...off),
  red: failing(says),
  mend: ({ here }) => sql(here, ...on),
  green: PROVEN,
  steady: ['Ready'],
})

const settings: readonly Break<Site>[] = [
  setting({
    how: 'ALTER SYSTEM SET fsync = off',
    off: ['ALTER SYSTEM SET fsync = off', RELOAD],
    on: ['ALTER SYSTEM RESET fsync', RELOAD],
    says: /fsync is off: a crash of the machine loses anything/,
  }),
  setting({
    how: 'ALTER SYSTEM SET synchronous_commit = off',
    off: ['ALTER SYSTEM SET synchronous_commit = off', RELOAD],
    on: ['ALTER SYSTEM RESET synchronous_commit', RELOAD],
    says: LOSES_RESULTS,
  }),
  setting({
    how: 'ALTER SYSTEM SET full_page_writes = off',
    off: ['ALTER SYSTEM SET full_page_writes = off', RELOAD],
    on: ['ALTER SYSTEM RESET full_page_writes', RELOAD],
    says: /full_page_writes is off: a crash of the machine may spoil what is stored/,
  }),
  setting({
    how: 'ALTER TABLE … SET UNLOGGED',
    off: ['ALTER TABLE suppression SET UNLOGGED'],
    on: ['ALTER TABLE suppression SET LOGGED'],
    says: /1 of the tables are UNLOGGED: a crash empties them/,
  }),
  setting({
    how: 'ALTER ROLE … SET synchronous_commit = off: connections that are open do not show it',
    off: ['ALTER ROLE batchsender SET synchronous_commit = off'],
    on: ['ALTER ROLE batchsender RESET synchronous_commit'],
    says: LOSES_RESULTS,
  }),
  setting({
    how: 'ALTER DATABASE … SET synchronous_commit = off: connections that are open do not show it',
    off: ['ALTER DATABASE postgres SET synchronous_commit = off'],
    on: ['ALTER DATABASE postgres RESET synchronous_commit'],
    says: LOSES_RESULTS,
  }),
]

async function signalled({ here }: Site, signal: 'STOP' | 'CONT'): Promise<void> {
  for (const pod of await podNames(here, 'worker')) await here.signalPod(pod, signal)
}

export const durability: readonly Break<Site>[] = [
  ...settings,
  {
    how: 'SIGSTOP to every worker, who alone see PostgreSQL',
    breakIt: (site) => signalled(site, 'STOP'),
    red: {
      at: CHECK,
      is: 'Unknown',
      says: /^no worker tells how PostgreSQL is set up$/,
      withinSeconds: ASKED_SECONDS,
    },
    mend: (site) => signalled(site, 'CONT'),
    green: PROVEN,
    never: ['Stalled'],
  },
]

const URL_OFF = '?options=-c%20synchronous_commit%3Doff'

/** It comes with the credentials, so that workers are replaced for it, twice. */
export const durabilityOfUrl: Break<Site> = {
  how: 'synchronous_commit = off in the address of the Secret',
  breakIt: async (site) => {
    const { url = '' } = await secretOf(site.here, 'postgres')
    site.noted.set('url', url)
    await site.here.kubectl(
      'patch',
      'secret',
      'postgres',
      '--type=merge',
      '-p',
      JSON.stringify({ stringData: { url: `${url}${URL_OFF}` } }),
    )
  },
  // Seen within 45 s, then migrated and rolled out.
  red: { ...failing(LOSES_RESULTS), withinSeconds: 240 },
  mend: ({ here, noted }) =>
    here.kubectl(
      'patch',
      'secret',
      'postgres',
      '--type=merge',
      '-p',
      JSON.stringify({ stringData: { url: noted.get('url') } }),
    ),
  green: PROVEN,
  never: ['Stalled'],
}
