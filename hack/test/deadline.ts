/** A reporter that reports nothing: it ends the run after TEST_LEFT_MS. What is set up by then is torn down. */
import type { Reporter, Vitest } from 'vitest/node'

export default class Deadline implements Reporter {
  onInit(vitest: Vitest): void {
    const leftMs = process.env['TEST_LEFT_MS']
    if (leftMs === undefined) return
    const end = () => void vitest.cancelCurrentRun('test-failure')
    setTimeout(end, Number(leftMs)).unref()
  }
}
