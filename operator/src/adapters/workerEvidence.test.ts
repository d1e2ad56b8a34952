import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { MAIL_LIMITS } from '../../../crds/mailLimits.ts'
import { lookAtWorker } from './workerEvidence.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function answering(listener: RequestListener) {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return lookAtWorker(
    { host: '127.0.0.1', port, limits: MAIL_LIMITS },
    undefined,
    new AbortController().signal,
  )
}

const evidence = (settings: unknown) => JSON.stringify({ postgres: { settings } })

it('tells the settings that a worker tells', async () => {
  const paths: (string | undefined)[] = []
  const seen = await answering((request, response) => {
    paths.push(request.url)
    response.end(evidence({ fsync: 'on', synchronous_commit: 'remote_apply', ssl: 'on' }))
  })
  expect(seen).toEqual({ reached: true, fsync: 'on', synchronousCommit: 'remote_apply' })
  expect(paths).toEqual(['/evidence'])
})

it.each([
  { postgres: { tls: true, verified: true }, postgresTls: 'verified' },
  { postgres: { tls: true, verified: false }, postgresTls: 'unverified' },
  { postgres: { tls: true, verified: 'yes' }, postgresTls: undefined },
  { postgres: { tls: true }, postgresTls: undefined },
  { postgres: { tls: false, verified: true }, postgresTls: 'none' },
  { postgres: { tls: false }, postgresTls: 'none' },
])('tells that $postgres is $postgresTls', async ({ postgres, postgresTls }) => {
  const body = JSON.stringify({ postgres, work: { uncertain: 1, deadLetters: 0 } })
  expect(await answering((_request, response) => response.end(body))).toEqual({
    reached: true,
    ...(postgresTls && { postgresTls }),
    mail: { paused: false, deadLetters: false, inDoubt: true, refused: 'little', backlog: 'little' },
  })
})

it.each([
  { why: 'there are none', body: '{}' },
  { why: 'they are not texts', body: evidence({ fsync: 1, synchronous_commit: ['on'] }) },
  {
    why: 'they are no settings',
    body: evidence({ fsync: 'on; rm -rf', synchronous_commit: 'x'.repeat(99) }),
  },
  { why: 'the whole is no object', body: '[]' },
])('tells none when $why', async ({ body }) => {
  expect(await answering((_request, response) => response.end(body))).toEqual({ reached: true })
})

it.each<{ why: string; listener: RequestListener }>([
  { why: 'refuses', listener: (_request, response) => response.writeHead(503).end(evidence({})) },
  {
    why: 'sends elsewhere',
    listener: (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  },
  { why: 'answers no JSON', listener: (_request, response) => response.end('<html>') },
  { why: 'hangs up', listener: (request) => request.socket.destroy() },
  {
    why: 'never ends',
    listener: (_request, response) => {
      const more = () => {
        if (response.write('x'.repeat(10_000))) setImmediate(more)
        else response.once('drain', more)
      }
      response.on('error', () => undefined)
      more()
    },
  },
])('has seen nothing of a worker that $why', async ({ listener }) => {
  expect(await answering(listener)).toEqual({ reached: false })
})

it('has seen nothing when it is told to stop', async () => {
  const stopped = AbortSignal.abort()
  expect(await lookAtWorker({ host: '127.0.0.1', port: 1, limits: MAIL_LIMITS }, undefined, stopped)).toEqual(
    { reached: false },
  )
})

it.each([
  {
    body: '{"provider":{"credentials":"refused"},"features":{"credentials":"refused"}}',
    refuses: [true, true],
  },
  { body: '{"provider":{"credentials":"accepted"},"features":{"credentials":"unknown"}}', refuses: [] },
  { body: '{"provider":{"credentials":["refused"]},"features":"refused"}', refuses: [] },
])('tells who refuses credentials, in one word of those that there are: $body', async ({ body, refuses }) => {
  const [providerRefuses, featuresRefuse] = refuses
  expect(await answering((_request, response) => response.end(body))).toEqual({
    reached: true,
    ...(providerRefuses && { providerRefuses }),
    ...(featuresRefuse && { featuresRefuse }),
  })
})
