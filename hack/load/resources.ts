/** What a process used, out of its metrics in the text format of Prometheus. Pure. */

export interface Resources {
  readonly cpuSeconds: number
  readonly memoryBytes: number
  /** Everything it tells of its pool of connections, by name and labels. */
  readonly pool: Readonly<Record<string, number>>
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/

export function resourcesOf(metrics: string): Resources {
  const samples = metrics.split('\n').flatMap((line): [string, string, number][] => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
    return name === undefined ? [] : [[name, labels, Number(value)]]
  })
  const valueOf = (wanted: string) => samples.find(([name]) => name === wanted)?.[2] ?? Number.NaN
  return {
    cpuSeconds: valueOf('process_cpu_seconds_total'),
    memoryBytes: valueOf('process_resident_memory_bytes'),
    pool: Object.fromEntries(
      samples
        .filter(([name]) => name.includes('_pool_') && !/_(bucket|sum|count)$/.test(name))
        .map(([name, labels, value]) => [`${name.replace('batchsender_', '')}${labels}`, value]),
    ),
  }
}
