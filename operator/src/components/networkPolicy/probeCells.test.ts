import { describe, expect, it } from 'vitest'
import type { Sender } from '../snapshot.ts'
import { MOST_ATTEMPTS } from '../../../../crds/probeReport.ts'
import { allows } from '../../testing/networkPolicies.ts'
import { sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { labels } from '../parts/labels.ts'
import { policies } from './policies.ts'
import { cellsOf, roleLabels } from './probeCells.ts'

const CLICKHOUSE = {
  external: { url: 'https://clickhouse.data.svc:8443' },
  backup: {
    destination: {
      namedCollection: 'backup_s3',
      s3: {
        endpoint: 'https://s3.example.com:9000',
        bucket: 'mail',
        credentialsSecretRef: { name: 'bucket' },
      },
    },
    retention: {},
  },
}
const given = (spec: Partial<Sender['spec']> = {}) =>
  snapshot({
    sender: sender({
      spec: { ...SPEC, nats: { managed: { replicas: 3 } }, clickhouse: CLICKHOUSE, ...spec },
    }),
  })
const texts = (from: ReturnType<typeof given>) =>
  cellsOf(from).map(({ role, expect: expected, to, named }) => `${role} ${expected} ${to} ${named}`)

describe('the matrix of probes', () => {
  it('has what every role must and must not reach', () => {
    const all = texts(given({ network: { clients: [] } }))
    expect(all).toEqual(
      expect.arrayContaining([
        'worker open orders-nats-2 4222',
        'worker shut orders-nats-0 8222',
        'worker shut orders-nats-0 6222',
        'worker open clickhouse.data.svc 8443',
        'worker open mail.example.com 587',
        'worker shut s3.example.com 9000',
        'worker shut the API server 443',
        'worker shut the metadata of the cloud 80',
        'nats open orders-nats-1 6222',
        'nats shut orders-worker 8080',
        'nats shut orders-worker 8081',
        'nats shut clickhouse.data.svc 8443',
        'backup open clickhouse.data.svc 8443',
        'backup shut s3.example.com 9000',
        'backup shut orders-nats-0 4222',
        'retention open s3.example.com 9000',
        'retention shut clickhouse.data.svc 8443',
        'stranger shut orders-nats-0 4222',
        'stranger shut orders-nats-0 6222',
        'stranger shut orders-nats-0 8222',
        'stranger shut orders-worker 8080',
        'stranger shut orders-worker 8081',
      ]),
    )
    expect(new Set(all).size).toBe(all.length)
  })

  it('never asks a stranger to get through, whose own way out is not ours', () => {
    expect(texts(given()).filter((text) => /^stranger (?!shut)/.test(text))).toEqual([])
  })

  it('leaves out what the spec may have opened', () => {
    expect(texts(given())).not.toContain('stranger shut orders-worker 8080')
    const byAddress = given({ network: { clients: [{ ipBlock: { cidr: '10.0.0.0/8' } }] } })
    expect(texts(byAddress).filter((text) => text.startsWith('stranger') && text.endsWith('8080'))).toEqual(
      [],
    )
    const mail = { provider: { ses: { region: 'eu-west-1' } }, http: SPEC.worker.http }
    expect(texts(given({ worker: mail }))).not.toContain('worker shut the API server 443')
    const named = given({
      network: { egress: { postgres: [{ podSelector: {} }] }, ports: { postgres: [9000] } },
    })
    expect(texts(named)).not.toContain('worker shut s3.example.com 9000')
  })

  it('leaves out a pair of our own that depends on which address a pod has', () => {
    const network = {
      egress: { postgres: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
      ports: { postgres: [8080] },
    }
    expect(texts(given({ network })).filter((text) => /^worker .* orders-worker 8080/.test(text))).toEqual([])
    expect(texts(given())).toContain('worker shut orders-worker 8080')
  })

  it('goes with what there is', () => {
    const alone = texts(snapshot())
    expect(alone.filter((text) => /6222|clickhouse|^backup|^retention/.test(text))).toEqual([])
    const external = texts(given({ nats: { external: { servers: ['tls://nats.data.svc:4333'] } } }))
    expect(external).toContain('worker open nats.data.svc 4333')
    expect(external.filter((text) => text.startsWith('nats '))).toEqual([])
    const none = texts(given({ worker: { ...SPEC.worker, replicas: 0 } }))
    expect(none.filter((text) => text.includes('orders-worker'))).toEqual([])
  })

  it('is bounded for the largest that there is', () => {
    const most = cellsOf(given({ nats: { managed: { replicas: 5 } } }))
    const byRole = Map.groupBy(most, ({ role }) => role)
    for (const cells of byRole.values()) expect(cells.length).toBeLessThanOrEqual(MOST_ATTEMPTS / 2)
  })

  it('expects of our own pods what the policies mean', () => {
    const from = given()
    const who = from.sender
    const world = {
      policies: policies(from),
      namespaces: { mail: { 'kubernetes.io/metadata.name': 'mail' } },
    }
    const ours = cellsOf(from).filter(({ listens }) => listens === 'pod')
    expect(ours.length).toBeGreaterThan(40)
    for (const cell of ours) {
      const part = cell.to.includes('nats') ? 'nats' : 'worker'
      const connection = {
        from: { address: '10.244.0.8', pod: { namespace: 'mail', labels: roleLabels(who, cell.role) } },
        to: { address: '10.244.0.9', pod: { namespace: 'mail', labels: labels(who, part) } },
        port: cell.named,
      }
      expect(allows(world, connection), `${cell.role} ${cell.to} ${cell.named}`).toBe(cell.expect === 'open')
    }
  })
})
