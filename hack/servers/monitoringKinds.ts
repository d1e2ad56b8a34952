/** The definitions of ServiceMonitors, PrometheusRules and the rest as prometheus-operator ships them (Apache-2.0), from its Go module. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import { run } from '../cluster/shell.ts'

const MODULE = 'github.com/prometheus-operator/prometheus-operator@v0.85.0'
const SUM = 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s='
const FOLDER = 'example/prometheus-operator-crd'

export type MonitoringKind = 'servicemonitors' | 'prometheusrules'

export const monitoringKind = async (plural: MonitoringKind): Promise<KubernetesObject> =>
  definition(join(await folder(), `monitoring.coreos.com_${plural}.yaml`))

/** All of them. */
export async function monitoringKinds(): Promise<readonly KubernetesObject[]> {
  const dir = await folder()
  return Promise.all((await readdir(dir)).sort().map((name) => definition(join(dir, name))))
}

async function folder(): Promise<string> {
  const { Dir, Sum } = JSON.parse(await run('go', ['mod', 'download', '-json', MODULE])) as {
    readonly Dir: string
    readonly Sum: string
  }
  if (Sum !== SUM) throw new Error(`${MODULE} is not what it was: ${Sum}`)
  return join(Dir, FOLDER)
}

const definition = async (file: string) => parse(await readFile(file, 'utf8')) as KubernetesObject
