import { describe, expect, it } from 'vitest'
import { dialGuard } from './dialGuard.ts'

const guard = dialGuard({ forbiddenHosts: ['10.96.0.1'] })

describe('the dial guard', () => {
  it.each([
    'tls://127.0.0.1:4222',
    'tls://localhost:4222',
    'tls://169.254.169.254:80',
    'tls://[::1]:4222',
    'tls://10.96.0.1:443',
    'tls://0.0.0.0:1',
  ])('refuses %s', async (server) => {
    await expect(guard([server])).rejects.toThrow('does not dial')
  })

  it('lets other addresses pass', async () => {
    await expect(guard(['tls://10.1.2.3:4222', 'tls://[2001:db8::1]:4222'])).resolves.toBeUndefined()
  })
})
