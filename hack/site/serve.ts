/** The built site over HTTP, at the loopback address. */
import fastifyStatic from '@fastify/static'
import fastify from 'fastify'

/** @param port 0: any */
export async function serveSite(
  root: string,
  port: number,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = fastify({ forceCloseConnections: true })
  await server.register(fastifyStatic, { root, redirect: true })
  const url = await server.listen({ host: '127.0.0.1', port })
  return { url, close: () => server.close() }
}
