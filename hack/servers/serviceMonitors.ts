/** The definition of ServiceMonitors as prometheus-operator ships it (Apache-2.0), from its Go module. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { run } from '../cluster/shell.ts'

const MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0'
const SUM = 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s='
const FILE = 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml'

export async function serviceMonitorDefinition(): Promise<KubernetesObject> {
  const { Dir, Sum } = JSON.parse(await run('go', ['mod', 'download', '-json', MODULE])) as {
    readonly Dir: string
    readonly Sum: string
  }
  if (Sum !== SUM) throw new Error(`${MODULE} is not what it was: ${Sum}`)
  return parse(await readFile(join(Dir, FILE), 'utf8')) as KubernetesObject
}
