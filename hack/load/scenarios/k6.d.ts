/** What the scenarios use of k6. Source: grafana.com/docs/k6, "JavaScript API". */
declare const __ENV: Readonly<Record<string, string | undefined>>

declare module 'k6' {
  export function check<Value>(
    value: Value,
    checks: Readonly<Record<string, (value: Value) => boolean>>,
    tags?: Readonly<Record<string, string>>,
  ): boolean
}

declare module 'k6/execution' {
  const execution: { readonly scenario: { readonly iterationInTest: number } }
  export default execution
}

declare module 'k6/http' {
  export interface Response {
    /** 0 when there was none. */
    readonly status: number
  }
  export interface Params {
    readonly headers?: Readonly<Record<string, string>>
    readonly tags?: Readonly<Record<string, string>>
    readonly responseCallback?: unknown
  }
  const http: {
    post(url: string, body: string, params?: Params): Response
    expectedStatuses(...statuses: readonly number[]): unknown
  }
  export default http
}

declare module 'k6/crypto' {
  export function hmac(algorithm: 'sha256', key: ArrayBuffer, data: string, encoding: 'base64'): string
}

declare module 'k6/encoding' {
  export function b64decode(text: string, encoding: 'std'): ArrayBuffer
}
