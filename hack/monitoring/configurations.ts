/** The samples of Prometheus and Alertmanager as they are, but for addresses and how long one waits. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repositoryDir } from '../cluster/paths.ts'
import type { Discovery } from './discovery.ts'

const EVERY = '5s'

interface PrometheusSample {
  readonly scrape_configs: readonly {
    readonly kubernetes_sd_configs: readonly { readonly role: string }[]
    readonly [field: string]: unknown
  }[]
  readonly [field: string]: unknown
}

interface AlertmanagerSample {
  readonly route: { readonly routes: readonly object[]; readonly [field: string]: unknown }
  readonly receivers: readonly { readonly name: string }[]
  readonly [field: string]: unknown
}

/**
 * @param discovery who finds what has a role
 * @param alertmanager `host:port`
 */
export async function prometheusConfiguration(
  discovery: Pick<Discovery, 'url'>,
  alertmanager: string,
): Promise<object> {
  const sample = await read<PrometheusSample>('prometheus.yaml')
  return {
    ...sample,
    global: { scrape_interval: EVERY, evaluation_interval: EVERY },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: sample.scrape_configs.map(({ kubernetes_sd_configs: roles, ...config }) => ({
      ...config,
      http_sd_configs: roles.map(({ role }) => ({ url: discovery.url(role), refresh_interval: EVERY })),
    })),
  }
}

/** @param url whom every receiver calls */
export async function alertmanagerConfiguration(url: string): Promise<object> {
  const sample = await read<AlertmanagerSample>('alertmanager.yaml')
  return {
    ...sample,
    route: { ...sample.route, group_wait: '1s', group_interval: EVERY },
    receivers: sample.receivers.map(({ name }) => ({
      name,
      webhook_configs: [{ url, send_resolved: true }],
    })),
  }
}

const read = async <Sample>(name: string) =>
  parse(await readFile(join(repositoryDir, 'config/samples/monitoring', name), 'utf8')) as Sample
