/** From when on mail does not flow as it should: what the condition `MailFlowing` turns at. */
export const MAIL_LIMITS = {
  /** For so long everything that was tried was refused: a provider that stutters is none that is away. */
  closedSeconds: 10,
  standstillSeconds: 900,
  /** Of the attempts of two minutes, when there were at least so many. */
  refused: { part: 0.05, attempts: 20 },
  queueDepth: 10_000,
  /** Until it is below this part of the limit again, what turned stays so. */
  relief: 0.8,
  /** An entry for ClickHouse, or what a webhook told, that waits for so long is late. */
  lateSeconds: 300,
} as const
