/** Which Secret of ours something is for. */

/** Where a generated Secret lives and whose it is. */
export interface SecretIdentity {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** Absent for what outlives its BatchSender. */
  readonly owned: boolean
}
