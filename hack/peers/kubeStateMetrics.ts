/** kube-state-metrics, which tells Prometheus of pods that crash again and again. Built on first use: minutes. */
import { join } from 'node:path'
import { builtModule } from '../cluster/binaries.ts'

const NAME = 'kubeStateMetrics'
const MODULE = { folder: NAME, binaries: { 'kube-state-metrics': 'k8s.io/kube-state-metrics/v2' } }

/** @returns the path of the program. */
export const kubeStateMetrics = async (): Promise<string> =>
  join(await builtModule(NAME, MODULE), 'kube-state-metrics')

if (import.meta.main) console.log(await kubeStateMetrics())
