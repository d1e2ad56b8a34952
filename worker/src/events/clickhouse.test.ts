import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { clickhouseSink } from './clickhouse.ts'

test('a failure that only a header tells of keeps the lot, and has words', async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'x-clickhouse-exception-code': '209' }).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sink = clickhouseSink({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    database: 'd',
    username: undefined,
    password: undefined,
    ca: undefined,
    creates: false,
    table: 'email_events',
  })
  await expect(sink.insert({ token: 't', rows: [{ a: 1 }] })).rejects.toThrow(/ClickHouse failed|209/)
  await sink.close()
  server.close()
})
