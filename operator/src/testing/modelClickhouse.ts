/** A ClickHouse made of values: it carries out the operator's statements as far as a look shows them. */
import type { ClickhouseSeen, TableSeen } from '../components/parts/clickhouseSeen.ts'

const NO_PARTS = { unaware: 0, due: { parts: 0, bytes: 0 }, cold: { parts: 0, bytes: 0, rows: 0 }, early: 0 }
const POLICY = 'archive_v1'

export class ModelClickhouse {
  answers = true
  readonly #tables = new Map<string, { readonly storagePolicy: string; readonly rule: string }>()

  look(): ClickhouseSeen {
    if (!this.answers) return { reached: false, fault: { reason: 'Unreachable', message: 'no answer' } }
    return {
      reached: true,
      disks: ['default', 's3'].map((name) => ({ name, broken: false })),
      policies: [
        {
          name: POLICY,
          volumes: [
            { name: 'default', disks: ['default'] },
            { name: 'cold', disks: ['s3'] },
          ],
        },
      ],
      tables: [...this.#tables].map(([name, { storagePolicy, rule }]): TableSeen => ({
        name,
        uuid: `uuid of ${name}`,
        partitions: [],
        storagePolicy,
        engineFull: `MergeTree ORDER BY a${rule === '' ? '' : ` TTL ${rule}`} SETTINGS index_granularity = 8192`,
        parts: NO_PARTS,
      })),
    }
  }

  run(texts: readonly string[]): void {
    for (const text of texts) {
      const created = /CREATE TABLE[^`]*`[^`]+`\.`([^`]+)`/.exec(text)?.[1]
      const altered = /ALTER TABLE `[^`]+`\.`([^`]+)`/.exec(text)?.[1]
      const rule = /TTL (.+? TO DISK '[^']+')/.exec(text)?.[1]
      if (created !== undefined) this.#tables.set(created, { storagePolicy: POLICY, rule: rule ?? '' })
      if (altered !== undefined && rule !== undefined) this.setRule(altered, rule)
    }
  }

  /** As somebody may do by hand. */
  setRule(table: string, rule: string): void {
    const known = this.#tables.get(table)
    if (known) this.#tables.set(table, { ...known, rule })
  }

  lose(): void {
    this.#tables.clear()
  }
}
