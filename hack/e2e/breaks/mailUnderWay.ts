/** A batch that is being sent while something is broken, and the account of it afterwards. */
import { randomUUID } from 'node:crypto'
import { arrivals, createBatch, readBatch, recipientsOf } from '../../demo/mail.ts'
import { notedOf, type Site } from './hands.ts'
import { eventually } from '../eventually.ts'

/** Resolves when some of it has arrived, and by far not all. */
export async function sendingBegun(site: Site, mails: number): Promise<void> {
  const { here, noted } = site
  const run = `r${randomUUID().slice(0, 8)}`
  const { id } = await createBatch(await here.endpoints(), recipientsOf(mails, run))
  for (const [name, text] of Object.entries({ run, id, mails: String(mails) })) noted.set(name, text)
  await eventually(
    'the first mails arrive',
    async () => ((await arrivals(await here.endpoints(), run)).size > 0 ? true : undefined),
    60_000,
  )
}

/** None while nobody answers. */
async function countsOf({ here }: Site, id: string): Promise<Readonly<Record<string, number>>> {
  const batch = await readBatch(await here.endpoints(), id).catch(() => undefined)
  return batch?.counts ?? {}
}

/**
 * Whether no recipient is on its way any more.
 * @throws Error when one got its mail twice, or is called sent and got none
 */
export async function isAccountedFor(site: Site, mostUncertain = 0): Promise<boolean> {
  const endpoints = await site.here.endpoints()
  const [run, id, mails] = [notedOf(site, 'run'), notedOf(site, 'id'), Number(notedOf(site, 'mails'))]
  const { sent = 0, uncertain = 0 } = await countsOf(site, id)
  if (sent + uncertain < mails) return false
  const arrived = await arrivals(endpoints, run)
  const twice = [...arrived.values()].filter((times) => times > 1).length
  const isTrue = sent <= arrived.size && arrived.size <= sent + uncertain
  if (twice > 0 || uncertain > mostUncertain || !isTrue)
    throw new Error(
      `${mails} mails: sent ${sent}, uncertain ${uncertain}, arrived ${arrived.size}, ${twice} of them twice`,
    )
  return true
}
