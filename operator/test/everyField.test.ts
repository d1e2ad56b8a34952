/**
 * Every field of the spec edited on an object made from `config/samples/full.yaml`: Ready again for the right
 * generation, no word of a fault in between, no write afterwards; what cannot be changed is refused with its sentence.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BatchSenderSpec } from '../../crds/schema/batchsender.ts'
import { SECOND_VALUES } from '../../crds/testing/secondValues.ts'
import { EditedSender, fieldsOf, isReady } from './everyFieldRig.ts'
import { condition } from './harness.ts'

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

function leaves(schema: Schema, path: readonly string[] = []): string[] {
  const { properties } = schema
  if (!properties || schema['x-kubernetes-preserve-unknown-fields'] === true) return [path.join('.')]
  return Object.entries(properties).flatMap(([name, below]) => leaves(below, [...path, name]))
}

const LEAVES = leaves(BatchSenderSpec as Schema)

let rig: EditedSender

beforeAll(async () => {
  rig = await EditedSender.start()
})
afterAll(() => rig.stop())

it('has a second value for every leaf of the schema, and for nothing else', () => {
  expect(Object.keys(SECOND_VALUES).sort()).toEqual([...LEAVES].sort())
})

describe('beside NATS of the user’s', () => {
  beforeAll(() => rig.begin('external'))
  afterAll(() => rig.end())

  it.each(fieldsOf('external'))('is Ready again with another %s', (path) => rig.edit(path))

  it('is as it was while it is suspended, and afterwards', async () => {
    await rig.patch({ suspend: true })
    await rig.until('Suspended', (seen) => condition(seen, 'Suspended')?.status === 'True' && isReady(seen))
    await rig.patch({ suspend: false })
    await rig.until('resumed', (seen) => condition(seen, 'Suspended') === undefined && isReady(seen))
  })

  it('told nothing of all this as a fault', () => rig.expectNoFaults())
})

describe('with managed NATS', () => {
  beforeAll(() => rig.begin('managed'))
  afterAll(() => rig.end())

  it.each(fieldsOf('managed'))('is Ready again with another %s', (path) => rig.edit(path))

  it('ends with the certificates of the last edit served by every node', async () => {
    await rig.patch({ readiness: { waive: null } })
    await rig.until('adopted', ({ checks = [] }) =>
      checks.some(({ name, state }) => name === 'nats-tls-adopted' && state === 'Proven'),
    )
  })

  it('told nothing of all this as a fault', () => rig.expectNoFaults())
})
