/** What a process and the database have used, so far. */
import { readFile } from 'node:fs/promises'
import type { Rig } from '../../../worker/test/rig.ts'

export interface Used {
  readonly cpuSeconds: number
  readonly peakMiB: number
}

/**
 * User and system time of all threads (proc(5), `stat`, fields 14 and 15, in hundredths), and `VmHWM`.
 * @throws Error when it has ended
 */
export async function usedBy(pid: number): Promise<Used> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ])
  const fields = stat.replace(/^.*\) /, '').split(' ')
  const peakKiB = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1])
  // Nobody has waited for it yet.
  if (Number.isNaN(peakKiB)) throw new Error(`process ${pid} has ended`)
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMiB: peakKiB / 1_024 }
}

export interface Written {
  readonly walBytes: number
  readonly statements: number
}

/** Since the server was set up. */
export async function writtenTo(rig: Pick<Rig, 'sql'>): Promise<Written> {
  const [row] = await rig.sql<{ wal: string; calls: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal,
       (SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements) AS calls`,
  )
  return { walBytes: Number(row?.wal), statements: Number(row?.calls) }
}
