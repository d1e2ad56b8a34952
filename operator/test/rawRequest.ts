/** A request as it is written: any path, any Host, from any address of the loopback interface. */
import { Readable } from 'node:stream'
import { request, type IncomingHttpHeaders } from 'node:http'
import { request as requestOverTls, type RequestOptions } from 'node:https'

export interface Asked {
  /** Not tidied up, as `fetch` would. */
  readonly path: string
  readonly method?: string
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Readable
  /** Over TLS: PEM of the authority to trust. */
  readonly ca?: string
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Each over a connection of its own. */
export function rawRequest(
  port: number,
  { path, method = 'GET', from, headers = {}, body, ca }: Asked,
): Promise<Answered> {
  const options: RequestOptions = {
    ...{ host: '127.0.0.1', port, path, method, headers, agent: false },
    ...(from !== undefined && { localAddress: from }),
    ...(ca !== undefined && { ca, servername: 'localhost' }),
  }
  return new Promise((resolve, reject) => {
    const asked = (ca === undefined ? request : requestOverTls)(options, (response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk
        })
        .once('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
        .once('error', reject)
    }).once('error', reject)
    if (body instanceof Readable) body.pipe(asked)
    else asked.end(body)
  })
}
