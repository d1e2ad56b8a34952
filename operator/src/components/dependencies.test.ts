import { expect, test } from 'vitest'
import type { ReferenceFacts } from './snapshot.ts'
import { allReferences, reference, snapshot } from '../testing/snapshots.ts'
import { dependencies } from './dependencies.ts'

const UNREADABLE: ReferenceFacts = { found: false, fault: 'secrets "smtp" is forbidden' }

test.each<{ why: string; smtp: ReferenceFacts | undefined; reason: string; says: RegExp }>([
  { why: 'all are there', smtp: reference('username', 'password'), reason: 'Resolved', says: /is there$/ },
  {
    why: 'one is not there',
    smtp: { found: false },
    reason: 'SecretNotFound',
    says: /^Secret not found: .*smtp/,
  },
  {
    why: 'one lacks a key',
    smtp: reference('username'),
    reason: 'SecretKeyNotFound',
    says: /smtp.*password/,
  },
  {
    why: 'one may not be read',
    smtp: UNREADABLE,
    reason: 'SecretUnreadable',
    says: /^Secret cannot be read: .*forbidden/,
  },
])('$why: $reason', ({ smtp, reason, says }) => {
  const references = new Map([...allReferences(), ...(smtp ? [['smtp', smtp] as const] : [])])
  const { message, ...verdict } = dependencies.verdict(snapshot({ references }))
  expect(verdict).toMatchObject({ status: reason === 'Resolved' ? 'True' : 'False', reason })
  expect(message).toMatch(says)
})
