/** A fault of which somebody is called, with a runbook, and called off. */
import type { Notified } from '../../servers/prometheus/alertmanager.ts'
import type { Break } from '../breaks/break.ts'
import type { OnCallSite } from './site.ts'
import { eventually } from '../eventually.ts'

export interface Fault extends Break<OnCallSite> {
  /** Without its first word. */
  readonly alert: string
}

const CALLED_MS = 300_000
const CALLED_OFF_MS = 600_000
export const WITHIN_SECONDS = 60
export const FLOWS = { at: 'MailFlowing', is: 'True', withinSeconds: 300 } as const

/** The alert comes with its runbook while the fault is there, and is called off after it. */
export function called(
  alert: string,
  row: Omit<Fault, 'alert' | 'whileRed' | 'mended'>,
  /** Others of its name may fire beside it. */
  labels: Readonly<Record<string, string>> = {},
): Fault {
  const isIt = (one: Notified) =>
    one.labels['alertname'] === `BatchSender${alert}` &&
    Object.entries(labels).every(([name, value]) => one.labels[name] === value)
  const toldOf = ({ watch, noted }: OnCallSite, status: string) =>
    watch
      .notified()
      .slice(Number(noted.get(`told ${alert}`) ?? 0))
      .find((one) => one.status === status && isIt(one))
  return {
    ...row,
    alert,
    breakIt: async (site) => {
      await eventually(
        `nobody is called for ${alert} any more`,
        async () => ((await site.watch.fires(alert, labels)) ? undefined : true),
        CALLED_OFF_MS,
      )
      site.noted.set(`told ${alert}`, String(site.watch.notified().length))
      await row.breakIt(site)
    },
    whileRed: async (site) => {
      const { annotations } = await eventually(
        `somebody is called for ${alert}`,
        () => Promise.resolve(toldOf(site, 'firing')),
        CALLED_MS,
      )
      site.noted.set(`runbook of ${alert}`, annotations['runbook_url'] ?? '')
    },
    mended: (site) => Promise.resolve(toldOf(site, 'resolved') !== undefined),
    green: { ...row.green, withinSeconds: Math.max(row.green.withinSeconds, CALLED_OFF_MS / 1_000) },
  }
}
