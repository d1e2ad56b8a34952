/** A user who has batches sent. */
import type { Calls } from './scenario.ts'

export interface Batches {
  /** Of this run alone: part of every idempotency key. */
  readonly run: string
  readonly token: string
  /** Of each batch. */
  readonly recipients: number
}

export function batches({ run, token, recipients }: Batches): Calls {
  return (index) => {
    const name = `${run}-${index}`
    const body = JSON.stringify({
      from: 'orders@example.com',
      subject: 'Your order, {{name}}',
      text: 'Hello {{name}}, your order is on its way.',
      recipients: Array.from({ length: recipients }, (_, user) => ({
        address: `user${user}@${name}.example.com`,
        variables: { name: `customer ${user}` },
      })),
    })
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': name,
    }
    return { kind: 'batch', path: '/v1/batches', headers, body }
  }
}
