/**
 * What we seal, opened by the real controller of Sealed Secrets; and what our operator says of the Secrets that it makes of
 * it. Only where it was built (`make peers`); that it was left out is told.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  sealedSecrets,
  sealedSecretsDefinitions,
  startSealedSecrets,
  type SealedSecretsController,
} from '../../hack/peers/sealedSecrets.ts'
import { seal, SCOPES, type Scope } from '../plugin/seal/seal.ts'
import { define } from './gitops.ts'
import { Harness } from './harness.ts'
import { plugin } from './pluginRig.ts'
import { mayAskForCertificate, serveOutside } from './serviceOutside.ts'

const program = await sealedSecrets()
if (program === undefined)
  console.log('LEFT OUT  operator/test/sealedSecrets.test.ts: Sealed Secrets is not built (make peers)')

const HOME = 'sealed-secrets'

describe.skipIf(program === undefined)('Sealed Secrets', () => {
  const cluster = new Harness()
  let controller: SealedSecretsController
  let certificate: string

  beforeAll(async () => {
    await cluster.start()
    await define(cluster, await sealedSecretsDefinitions())
    await cluster.newNamespace()
    await cluster.kubectl(['create', 'namespace', HOME])
    await cluster.kubectl(['-n', HOME, 'create', 'serviceaccount', 'controller'])
    const rights = ['--clusterrole=cluster-admin', `--serviceaccount=${HOME}:controller`]
    await cluster.kubectl(['create', 'clusterrolebinding', 'sealed-secrets', ...rights])
    controller = await startSealedSecrets(program ?? '', {
      kubeconfig: cluster.plane.kubeconfig,
      namespace: HOME,
      token: (await cluster.kubectl(['-n', HOME, 'create', 'token', 'controller'])).trim(),
    })
    certificate = await controller.certificate()
  })
  afterAll(async () => {
    await controller.stop()
    await cluster.stop()
  })

  const eventually = <Result>(what: string, look: () => Promise<Result | undefined>) =>
    cluster.eventually(what, look).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${controller.log()}`, { cause: error })
    })

  /** @param from what was sealed as, if that was otherwise */
  async function apply(
    name: string,
    values: Readonly<Record<string, string>>,
    { scope, from = {} }: { readonly scope?: Scope; readonly from?: object } = {},
  ): Promise<void> {
    const where = { name, namespace: cluster.namespace, ...(scope && { scope }) }
    const sealed = seal({ ...where, ...from }, values, certificate)
    const here = { name, namespace: cluster.namespace }
    const { template } = sealed.spec
    const object = {
      ...sealed,
      metadata: { ...sealed.metadata, ...here },
      spec: { ...sealed.spec, template: { ...template, metadata: { ...template.metadata, ...here } } },
    }
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(object))
  }

  const untilText = (name: string, key: string, text: string) =>
    eventually(`${name} opened`, async () =>
      (await cluster.secretText({ name, key })) === text ? true : undefined,
    )

  it.each(SCOPES)('opens what was sealed %s', async (scope) => {
    await apply(`of-${scope}`, { password: `pässword of ${scope}` }, { scope })
    await untilText(`of-${scope}`, 'password', `pässword of ${scope}`)
  })

  describe('the verb seal, which asks the controller through the API server', () => {
    const service = { namespace: HOME, name: 'sealed-secrets' }
    const where = ['--controller-namespace', HOME, '--controller-name', service.name]
    /** Every byte, and no UTF-8. */
    const binary = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))

    beforeAll(async () => {
      const { address, port } = controller
      await serveOutside(cluster, { ...service, address, port })
      await mayAskForCertificate(cluster, service)
    })

    it.each(SCOPES)('seals %s what the controller makes the same Secret of', async (scope) => {
      const name = `by-verb-${scope}`
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, labels: { team: 'mail' }, annotations: { note: 'yes' } },
        type: 'example.com/keystore',
        immutable: true,
        data: { keystore: binary.toString('base64'), empty: '' },
        stringData: { password: `pässword of ${scope}` },
      }
      const { exit, out, err } = await plugin(cluster, ['seal', '-f', '-', '--scope', scope, ...where], {
        kubeconfig: await cluster.plane.kubeconfigFor({ name: 'somebody' }),
        stdin: JSON.stringify(secret),
      })
      expect([exit, err]).toEqual([0, ''])
      await cluster.kubectl(['apply', '-f', '-'], out)
      const made = await eventually(`Secret ${name}`, () => cluster.get('secret', name))
      expect(made).toMatchObject({
        metadata: { labels: { team: 'mail' }, annotations: { note: 'yes' } },
        type: 'example.com/keystore',
        immutable: true,
        data: {
          keystore: binary.toString('base64'),
          password: Buffer.from(`pässword of ${scope}`).toString('base64'),
        },
      })
      expect(Object.keys(made['data'] as object).sort()).toEqual(['empty', 'keystore', 'password'])
    })
  })

  it.each<readonly [Scope, object]>([
    ['strict', { name: 'another' }],
    ['namespace-wide', { namespace: 'another' }],
  ])('does not open what was sealed %s for somewhere else', async (scope, from) => {
    const name = `not-${scope}`
    await apply(name, { password: 'p' }, { scope, from })
    const condition = '{.status.conditions[?(@.type=="Synced")].status}'
    await eventually('a refusal', async () =>
      (await cluster.inNamespace(['get', 'sealedsecret', name, '-o', `jsonpath=${condition}`])) === 'False'
        ? true
        : undefined,
    )
    expect(await cluster.get('secret', name)).toBeUndefined()
  })

  it('opens elsewhere what was sealed for anywhere', async () => {
    await apply(
      'moved',
      { password: 'p' },
      { scope: 'cluster-wide', from: { name: 'another', namespace: 'another' } },
    )
    await untilText('moved', 'password', 'p')
  })

  const check = async () => (await cluster.status()).checks?.find(({ name }) => name === 'secrets-managed')
  const untilCheck = (state: string, words: RegExp) =>
    eventually(`secrets-managed ${state}`, async () => {
      await cluster.hurry()
      const found = await check()
      return found?.state === state && words.test(found.message) ? found : undefined
    })
  const origins = async () => (await cluster.status()).evidence?.secrets

  it('makes Secrets that the operator knows as managed, until one is made or changed by hand', async () => {
    await cluster.apply(cluster.secret('postgres', { url: 'postgres://u:canary-password@db/x' }))
    await apply('api-tokens', { alice: 'sha256:00' })
    // A look of the operator before the controller opened it would not have it.
    await untilText('api-tokens', 'alice', 'sha256:00')
    await cluster.apply(cluster.batchSender({ secrets: { requireManaged: true } }))
    await untilCheck(
      'Failing',
      /^Secret postgres \(spec\.postgres\.credentialsSecretRef\) is managed by nothing/,
    )
    expect(await origins()).toEqual([
      { name: 'api-tokens', by: 'SealedSecret', of: 'api-tokens' },
      { name: 'postgres', by: 'None' },
    ])

    await cluster.inNamespace(['delete', 'secret', 'postgres'])
    await apply('postgres', { url: 'postgres://u:canary-password@db/x' }, { scope: 'namespace-wide' })
    await untilCheck('Proven', /^managed: api-tokens \(SealedSecret\), postgres \(SealedSecret\)$/)

    const byHand = JSON.stringify({ stringData: { url: 'postgres://u:canary-other@db/x' } })
    await cluster.inNamespace(['patch', 'secret', 'postgres', '--type=merge', '-p', byHand])
    await untilCheck(
      'Failing',
      /^Secret postgres .* of SealedSecret postgres was changed by hand \(kubectl-patch\)$/,
    )
    expect(JSON.stringify(await cluster.status())).not.toContain('canary')
  })
})
