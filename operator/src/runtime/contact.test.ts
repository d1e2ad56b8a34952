import { describe, expect, it } from 'vitest'
import { Contact } from './contact.ts'
import { createMetrics } from './metrics.ts'

const LABELS = { kind: 'Thing', namespace: 'n' }

function setUp() {
  const metrics = createMetrics()
  let now = 0
  const contact = new Contact(metrics, LABELS, () => now)
  const valueOf = async (name: string) => {
    const text = await metrics.registry.metrics()
    return Number(new RegExp(`^${name}{kind="Thing",namespace="n"} (.*)$`, 'm').exec(text)?.[1])
  }
  return {
    contact,
    pass: (ms: number) => {
      now += ms
    },
    blindSeconds: () => valueOf('batchsender_operator_reflector_blind_seconds_total'),
    lagSeconds: () => valueOf('batchsender_operator_reflector_lag_seconds'),
  }
}

describe('contact with the server', () => {
  it('is blind from the start until it sees, and counts while it is asked', async () => {
    const { contact, pass, blindSeconds } = setUp()
    expect(await blindSeconds()).toBe(0)
    contact.begin()
    pass(2_000)
    expect(await blindSeconds()).toBe(2)
    pass(1_000)
    contact.regained()
    pass(9_000)
    expect(await blindSeconds()).toBe(3)
  })

  it('counts a connection that was silent as lost since its last word', async () => {
    const { contact, pass, blindSeconds } = setUp()
    contact.begin()
    contact.regained()
    pass(5_000)
    contact.heard()
    pass(70_000)
    contact.lost(true)
    pass(1_000)
    contact.lost(false)
    contact.regained()
    expect(await blindSeconds()).toBe(71)
  })

  it('counts a connection that ended as lost from its end', async () => {
    const { contact, pass, blindSeconds } = setUp()
    contact.begin()
    contact.regained()
    pass(70_000)
    contact.lost(false)
    pass(2_000)
    contact.regained()
    expect(await blindSeconds()).toBe(2)
  })

  it('tells how old its last word is', async () => {
    const { contact, pass, lagSeconds } = setUp()
    contact.begin()
    contact.heard()
    pass(40_000)
    expect(await lagSeconds()).toBe(40)
  })

  it('is over when its reflector is', async () => {
    const { contact, pass, blindSeconds } = setUp()
    contact.begin()
    contact.end()
    pass(9_000)
    expect(await blindSeconds()).toBe(0)
  })
})
