/** `.run/env`: where the parts of the demo are reached from this machine, for a shell and for tools. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../cluster/cluster.ts'
import type { Endpoints } from './mail.ts'
import { kubectl } from '../cluster/cluster.ts'
import { postgresUrl, type Credentials } from './surroundings.ts'

export interface Demo {
  readonly cluster: Cluster
  readonly namespace: string
  readonly name: string
  readonly credentials: Credentials
}

/** Writes `env`, and the client certificate that NATS asks for, into the folder. */
export async function writeEnvironment(demo: Demo, folder: string): Promise<Endpoints> {
  const { cluster, namespace, name, credentials } = demo
  const get = (kind: string, object: string, path: string) =>
    kubectl(cluster, ['-n', namespace, 'get', kind, object, '-o', `jsonpath={${path}}`])
  const service = (object: string) => get('service', object, '.spec.clusterIP')
  const endpoints = {
    apiUrl: `http://${await service(`${name}-worker`)}`,
    apiToken: credentials.apiToken,
    sinkUrl: `http://${await service('smtp-sink')}:8025`,
  }
  await mkdir(join(folder, 'nats'), { recursive: true, mode: 0o700 })
  const file = async (key: string) => {
    const path = join(folder, 'nats', key)
    const data = await get('secret', `${name}-nats-worker`, `.data.${key.replace('.', '\\.')}`)
    await writeFile(path, Buffer.from(data, 'base64'), { mode: 0o600 })
    return path
  }
  const variables = {
    KUBECONFIG: cluster.kubeconfig,
    KUBECTL: cluster.kubectl,
    BATCHSENDER_NAMESPACE: namespace,
    BATCHSENDER_NAME: name,
    API_URL: endpoints.apiUrl,
    API_TOKEN: endpoints.apiToken,
    SINK_URL: endpoints.sinkUrl,
    S3_URL: `http://${await service('s3')}:7070`,
    S3_ACCESS_KEY: credentials.s3AccessKey,
    S3_SECRET_KEY: credentials.s3SecretKey,
    CLICKHOUSE_URL: `http://batchsender:${credentials.clickhousePassword}@${await service('clickhouse')}:8123`,
    POSTGRES_URL: postgresUrl(await service('postgres'), credentials.postgresPassword),
    NATS_URL: `tls://${await get('pod', `${name}-nats-0`, '.status.podIP')}:4222`,
    // The name in the server's certificate, since the address is not.
    NATS_SERVER_NAME: `${name}-nats-0.${name}-nats.${namespace}.svc`,
    NATS_CA: await file('ca.crt'),
    NATS_CERT: await file('tls.crt'),
    NATS_KEY: await file('tls.key'),
  }
  await writeFile(join(folder, 'env'), shellText(variables), { mode: 0o600 })
  return endpoints
}

/** One `export` a line, whatever the values hold. */
export function shellText(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join('')
}
