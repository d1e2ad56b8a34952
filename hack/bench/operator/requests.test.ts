import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../servers/auditLog.ts'
import { countsOf, requestsOf } from './requests.ts'

const entry = (auditID: string, verb: string, resource: string, username = 'ours'): AuditEntry => ({
  auditID,
  verb,
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  user: { username },
  objectRef: { resource },
})

describe('requests', () => {
  it('of one user are counted once each, though a watch is told of twice', () => {
    const entries = [
      entry('1', 'watch', 'secrets'),
      entry('1', 'watch', 'secrets'),
      entry('2', 'patch', 'secrets'),
      entry('3', 'patch', 'secrets', 'somebody'),
    ]
    expect(requestsOf(entries, 'ours').map(({ auditID }) => auditID)).toEqual(['1', '2'])
  })

  it('are writes unless they only read', () => {
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
    const requests = verbs.map((verb, index) => entry(String(index), verb, 'secrets'))
    expect(countsOf(requests)).toMatchObject({ total: 8, writes: 5 })
  })

  it('are told apart by subresource', () => {
    const status = {
      ...entry('1', 'patch', 'benches'),
      objectRef: { resource: 'benches', subresource: 'status' },
    }
    expect(countsOf([status, entry('2', 'patch', 'benches')]).byKind).toEqual({
      'patch benches/status': 1,
      'patch benches': 1,
    })
  })
})
