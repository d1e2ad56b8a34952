/** Name and password of a role from the Secret of ClickHouse: its own where there are some, the worker's otherwise. */
import type { ClickhouseRole } from '../components/parts/logins.ts'
import { linedPem } from '../../../crds/pem.ts'
import { withoutLineEnd } from '../../../crds/secretText.ts'
import { decode } from './secretProjection.ts'

export interface ClickhouseLogin {
  /** Under which the Secret has them. */
  readonly keys: readonly [username: string, password: string]
  readonly username: string
  readonly password: string
  /** PEM. */
  readonly ca: string | undefined
}

/** @throws Error, which names the Secret, when it lacks one of them */
export function clickhouseLogin(
  role: ClickhouseRole,
  name: string,
  data: Readonly<Record<string, string>> | undefined,
): ClickhouseLogin {
  const hasOwn = role !== 'worker' && decode(data, `${role}-username`) !== undefined
  const prefix = hasOwn ? `${role}-` : ''
  const keys = [`${prefix}username`, `${prefix}password`] as const
  const [username, password] = [decode(data, keys[0]), decode(data, keys[1])]
  if (username === undefined || password === undefined)
    throw new Error(`Secret ${name} lacks ${keys.join(' or ')}`)
  return {
    keys,
    username: withoutLineEnd(username),
    password: withoutLineEnd(password),
    ca: linedPem(decode(data, 'ca.crt') ?? '') || undefined,
  }
}
