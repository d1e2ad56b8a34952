import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCluster, kubectl } from '../cluster/cluster.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { sendAndAccount } from '../demo/mail.ts'
import { Environment } from './environment.ts'

const NAMESPACE = 'e2e-namespaced'
let here: Environment

beforeAll(async () => {
  // Two operators over one object would fight: the cluster-wide one steps aside.
  const cluster = await ensureCluster()
  await kubectl(cluster, [
    '-n',
    OPERATOR_NAMESPACE,
    'delete',
    'deployment',
    'batchsender-operator',
    '--ignore-not-found',
    '--wait=true',
  ])
  here = await Environment.start(NAMESPACE, { form: 'default' })
})
afterAll(async () => {
  await here.stop()
})

describe('the operator in its namespaced form', () => {
  it('keeps the BatchSenders of its own namespace', async () => {
    expect(await sendAndAccount(await here.endpoints(), 100)).toMatchObject({ distinct: 100, duplicates: 0 })
  })

  it.each([
    { verb: 'list', resource: 'secrets', namespace: NAMESPACE, allowed: 'yes' },
    { verb: 'list', resource: 'secrets', namespace: 'kube-system', allowed: 'no' },
    { verb: 'get', resource: 'secrets', namespace: 'default', allowed: 'no' },
    { verb: 'create', resource: 'pods/exec', namespace: NAMESPACE, allowed: 'no' },
    { verb: 'update', resource: 'roles', namespace: NAMESPACE, allowed: 'no' },
  ])('may $verb $resource in $namespace: $allowed', async ({ verb, resource, namespace, allowed }) => {
    const as = `system:serviceaccount:${NAMESPACE}:batchsender-operator`
    const answer = await kubectl(here.cluster, [
      'auth',
      'can-i',
      verb,
      resource,
      '-n',
      namespace,
      '--as',
      as,
    ]).catch(() => 'no')
    expect(answer.trim()).toBe(allowed)
  })
})
