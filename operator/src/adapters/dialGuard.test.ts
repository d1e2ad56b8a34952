import { describe, expect, it } from 'vitest'
import { dialGuard } from './dialGuard.ts'

const OPTIONS = {
  forbiddenHosts: ['10.96.0.1', '::ffff:10.96.0.2', 'api.example.com'],
  operatorNamespace: 'system',
  clusterDomain: 'cluster.local',
}
const guard = dialGuard(OPTIONS)
/** Every name leads to these. */
const leadingTo = (...addresses: readonly string[]) =>
  dialGuard({
    ...OPTIONS,
    resolve: () => Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
  })

describe('the dial guard', () => {
  it.each([
    'tls://127.0.0.1:4222',
    'tls://localhost:4222',
    'tls://169.254.169.254:80',
    'tls://[::1]:4222',
    'tls://10.96.0.1:443',
    'tls://[::ffff:10.96.0.1]:443',
    'tls://[64:ff9b::10.96.0.1]:443',
    'tls://10.96.0.2:443',
    'tls://API.example.com.:443',
    'tls://[::ffff:127.0.0.1]:4222',
    'https://168.63.129.16',
    'https://100.100.100.200',
    'https://[64:ff9b::a9fe:a9fe]',
    'https://[fd20:ce::254]',
    'https://[fd00:ec2::23]',
    'tls://0.0.0.0:1',
    'tls://[::]:4222',
    'tls://[fe80::1]:4222',
    'https://metrics.system:8443',
    'https://metrics.System.svc:8443',
    'https://10-1-2-3.metrics.system.svc.cluster.local.:8443',
  ])('refuses %s', async (server) => {
    await expect(guard.check([server], 'mail')).rejects.toThrow('does not dial')
  })

  it('lets other addresses pass', async () => {
    // The last is how a cluster without IPv4 reaches 192.0.2.1.
    const others = ['tls://10.1.2.3:4222', 'tls://[2001:db8::1]:4222', 'tls://[64:ff9b::192.0.2.1]:4222']
    await expect(guard.check(others, 'mail')).resolves.toBeUndefined()
  })

  it('refuses all servers for one of them', async () => {
    await expect(guard.check(['tls://10.1.2.3:4222', 'tls://127.0.0.1:4222'], 'mail')).rejects.toThrow(
      '127.0.0.1 is an address that the operator does not dial',
    )
  })

  it('refuses a name of which one address is forbidden, and gives all addresses of any other', async () => {
    const mixed = leadingTo('10.1.2.3', '169.254.169.254')
    await expect(mixed.addressesOf('tls://a.example.com', 'mail')).rejects.toThrow('does not dial')
    const good = leadingTo('10.1.2.3', '10.1.2.4')
    expect(await good.addressesOf('tls://a.example.com', 'mail')).toEqual(['10.1.2.3', '10.1.2.4'])
  })

  it('refuses a name without a namespace, which would lead to a Service beside the operator', async () => {
    const guarded = leadingTo('10.1.2.3')
    await expect(guarded.check(['https://metrics:8443'], 'mail')).rejects.toThrow(
      'metrics has no namespace, and the operator is in another one: write metrics.mail.svc',
    )
    await expect(guarded.check(['https://metrics:8443'], 'system')).resolves.toBeUndefined()
  })

  it('does not take a name for one of the operator’s namespace that is only like one', async () => {
    const names = [
      'https://subsystem.example.com',
      'https://system.example.com',
      'https://my-system.svc.cluster.local',
    ]
    await expect(leadingTo('10.1.2.3').check(names, 'mail')).resolves.toBeUndefined()
  })

  it.each(['tls://10.96.0.1', 'tls://169.254.169.254', 'tls://metrics.system'])(
    'refuses %s where tests may use the loopback interface, too',
    async (server) => {
      const lenient = dialGuard({ ...OPTIONS, allowLoopback: true })
      await expect(lenient.check(['tls://127.0.0.1:4222'], 'mail')).resolves.toBeUndefined()
      await expect(lenient.check([server], 'mail')).rejects.toThrow('does not dial')
    },
  )

  it('leaves the namespace of the operator to a BatchSender in it', async () => {
    await expect(guard.check(['tls://nothing.system.svc:4222'], 'system')).rejects.toThrow('ENOTFOUND')
  })

  it.each([true, false])('refuses what a name leads to when it is dialled (all: %s)', async (all) => {
    const looked = new Promise((resolve, reject) => {
      guard.lookup('localhost', { all }, (error, addresses) => {
        if (error) reject(error)
        else resolve(addresses)
      })
    })
    await expect(looked).rejects.toThrow('localhost is an address that the operator does not dial')
  })

  it('gives a socket the addresses of a name', async () => {
    const lenient = dialGuard({
      forbiddenHosts: [],
      operatorNamespace: 'system',
      clusterDomain: 'cluster.local',
      allowLoopback: true,
    })
    const looked = new Promise((resolve) => {
      lenient.lookup('localhost', {}, (...seen) => {
        resolve(seen)
      })
    })
    expect(await looked).toEqual([null, expect.stringMatching(/^(127\.0\.0\.1|::1)$/), expect.any(Number)])
  })
})
