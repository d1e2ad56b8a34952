import { expect, it } from 'vitest'
import { ApiError } from '../../src/runtime/errors.ts'
import { told } from './told.ts'

const SERVER = 'https://k8s.example.com:6443'
const status = (code: number, message: string) => new ApiError(code, { kind: 'Status', message })
const failed = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code })

it.each([
  [
    status(401, 'Unauthorized'),
    `the API server at ${SERVER} does not know who you are (401): log in again, or choose another --context`,
  ],
  [
    status(
      403,
      'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "mail"',
    ),
    'you may not do that (403): pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "mail"',
  ],
  [status(404, 'jobs.batch "x" not found'), 'not found (404): jobs.batch "x" not found'],
  [
    failed('ECONNREFUSED'),
    `the API server at ${SERVER} cannot be reached: nobody listens there (ECONNREFUSED); kubectl cluster-info says whether it is up`,
  ],
  [
    failed('ENOTFOUND'),
    `the API server at ${SERVER} cannot be reached: its name is not known (ENOTFOUND); kubectl cluster-info says whether it is up`,
  ],
  [
    failed('SELF_SIGNED_CERT_IN_CHAIN'),
    `the certificate of the API server at ${SERVER} is not believed (SELF_SIGNED_CERT_IN_CHAIN): see certificate-authority in the kubeconfig`,
  ],
  [
    new TypeError('fetch failed', { cause: failed('ECONNRESET') }),
    `the API server at ${SERVER} cannot be reached: it breaks the connection off (ECONNRESET); kubectl cluster-info says whether it is up`,
  ],
])('%s is told in one line', (error, sentence) => {
  expect(told(error, SERVER)).toBe(sentence)
  expect(told(error, SERVER)).not.toContain('\n')
})
