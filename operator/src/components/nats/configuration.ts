/** nats.conf: mutual TLS on client and cluster ports, users mapped from certificates, JetStream on a volume. */
import type { Installation, Sender } from '../snapshot.ts'
import { workQueueNames } from '../../../../crds/workQueue.ts'
import {
  CLIENT_PORT,
  CLUSTER_PORT,
  identityName,
  MONITOR_PORT,
  natsNodes,
  nodeHost,
} from '../parts/natsTopology.ts'
import { childName } from '../parts/labels.ts'
import { render, type Block } from './serverSyntax.ts'

export const TLS_DIR = '/etc/nats/tls'
export const CONFIG_DIR = '/etc/nats/config'
export const DATA_DIR = '/data'
export const RUN_DIR = '/var/run/nats'
/** The environment variable with the key that JetStream encrypts with. */
export const DATA_KEY_VARIABLE = 'JETSTREAM_KEY'
/** The environment variable with the name of the node. */
export const NODE_VARIABLE = 'POD_NAME'

const GIB = 1_073_741_824

const FILES = {
  cert_file: `${TLS_DIR}/tls.crt`,
  key_file: `${TLS_DIR}/tls.key`,
  ca_file: `${TLS_DIR}/ca.crt`,
}

/** The text of nats.conf; the same for every node, which takes its name from its environment. */
export function natsConfiguration(sender: Sender, installation: Installation): string {
  return render(natsSettings(sender, installation))
}

/** What that text says, as the server reads it. */
export function natsSettings(sender: Sender, installation: Installation): Block {
  return {
    server_name: { variable: NODE_VARIABLE },
    port: CLIENT_PORT,
    http_port: MONITOR_PORT,
    pid_file: `${RUN_DIR}/nats.pid`,
    lame_duck_grace_period: '10s',
    lame_duck_duration: '30s',
    tls: { ...FILES, verify_and_map: true, timeout: 5 },
    ...cluster(sender, installation),
    jetstream: {
      store_dir: DATA_DIR,
      max_memory_store: 67_108_864,
      max_file_store: storeBytes(sender),
      sync_interval: 'always',
      ...encryption(sender),
    },
    ...accounts(sender),
  }
}

function cluster(sender: Sender, installation: Installation): Block {
  const nodes = natsNodes(sender)
  if (nodes.length < 2) return {}
  return {
    cluster: {
      name: `${sender.namespace}-${sender.name}`,
      port: CLUSTER_PORT,
      no_advertise: true,
      // Every certificate of the CA would do for a route otherwise, a worker's too: it has to be for the name of a node.
      tls: { ...FILES, timeout: 5, verify_cert_and_check_known_urls: true },
      routes: nodes.map((node) => `tls://${nodeHost(sender, node, installation)}:${CLUSTER_PORT}`),
    },
  }
}

/** An empty key would mean none, silently: the variable comes from a Secret that was looked into before. */
function encryption(sender: Sender): Block {
  if (sender.spec.nats.managed?.encryption?.enabled !== true) return {}
  return { cipher: 'chachapoly', key: { variable: DATA_KEY_VARIABLE } }
}

/** Workers may take messages and add them, nothing else; the operator keeps the stream; `system` may reload. */
function accounts(sender: Sender): Block {
  const { stream, subject, consumer } = workQueueNames(sender.namespace, sender.name)
  const publish = [
    subject,
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    `$JS.ACK.${stream}.${consumer}.>`,
  ]
  return {
    accounts: {
      SYS: { users: [{ user: identityName(sender, 'system') }] },
      APP: {
        jetstream: 'enabled',
        users: [
          { user: identityName(sender, 'operator') },
          {
            user: identityName(sender, 'worker'),
            permissions: { publish, subscribe: ['_INBOX.>'] },
          },
        ],
      },
    },
    system_account: 'SYS',
  }
}

/** Nine tenths of the volume: JetStream must stop before the file system does. */
function storeBytes(sender: Sender): number {
  return Math.floor(parseQuantityBytes(sender.spec.nats.managed?.storage?.size ?? '10Gi') * 0.9)
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 1_024,
  Mi: 1_048_576,
  Gi: GIB,
  Ti: GIB * 1_024,
  Pi: GIB * 1_048_576,
}

function parseQuantityBytes(text: string): number {
  const [, count = '0', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(text) ?? []
  return Number(count) * (UNIT_BYTES[unit] ?? 1)
}

/** What a pod of one BatchSender is called, without its ordinal. */
export const statefulSetName = (sender: Sender): string => childName(sender, 'nats')
