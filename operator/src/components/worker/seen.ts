/** What was seen of the workers, by their own words. */

declare module '../snapshot.ts' {
  interface Evidence {
    readonly workerEvidence?: Sighting<WorkerSeen>
  }
}

export type WorkerSeen =
  | { readonly reached: false }
  | {
      readonly reached: true
      readonly fsync?: string
      readonly synchronousCommit?: string
      readonly providerRefuses?: true
      readonly featuresRefuse?: true
      readonly fullPageWrites?: string
      /** How many; absent when there are none. */
      readonly unloggedTables?: string
    }
