/** A user who has a batch sent. */
import { check } from 'k6'
import execution from 'k6/execution'
import http from 'k6/http'
import { given } from './pace.ts'

const COUNT = Number(given('RECIPIENTS'))

export function sendBatch(): void {
  const name = `${given('RUN')}-${execution.scenario.iterationInTest}`
  const recipients = Array.from({ length: COUNT }, (_, index) => ({
    address: `user${index}@${name}.example.com`,
    variables: { name: `customer ${index}` },
  }))
  const body = JSON.stringify({
    from: 'orders@example.com',
    subject: 'Your order, {{name}}',
    text: 'Hello {{name}}, your order is on its way.',
    recipients,
  })
  const headers = {
    authorization: `Bearer ${given('API_TOKEN')}`,
    'content-type': 'application/json',
    'idempotency-key': name,
  }
  const response = http.post(`${given('API_URL')}/v1/batches`, body, { headers })
  check(response, { 'answered 202': ({ status }) => status === 202 })
}
