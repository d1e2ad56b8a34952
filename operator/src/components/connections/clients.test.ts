import { expect, test } from 'vitest'
import { sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { clients } from './clients.ts'

const gateway = (addresses?: string[]) => ({
  parentRef: { name: 'public' },
  hostnames: ['mail.example.com'],
  from: { pods: [{ podSelector: {} }], ...(addresses && { addresses }) },
})

function believed(trustedProxies: string[] | undefined, addresses?: string[]): unknown {
  const http = { ...SPEC.worker.http, ...(trustedProxies && { trustedProxies }) }
  const spec = { ...SPEC, worker: { ...SPEC.worker, http }, gateway: gateway(addresses) }
  return clients.settings?.(snapshot({ sender: sender({ spec }) })).trustedProxies
}

test('the workers believe the gateway and whom the user names, each once', () => {
  expect(believed(undefined)).toBeUndefined()
  expect(believed(['192.0.2.1'])).toEqual(['192.0.2.1'])
  expect(believed(undefined, ['10.244.3.0/24'])).toEqual(['10.244.3.0/24'])
  expect(believed(['192.0.2.1', '10.244.3.0/24'], ['10.244.3.0/24', '2001:db8::/64'])).toEqual([
    '192.0.2.1',
    '10.244.3.0/24',
    '2001:db8::/64',
  ])
})
