/** Logs in with what Secrets hold, and tells who is turned away; each name and password, each pair of keys once. */
import type { LookupFunction } from 'node:net'
import type {
  AuditRights,
  ClickhouseRole,
  LoginRole,
  LoginsSeen,
  RefusedLogin,
  WantedLogins,
} from '../components/parts/logins.ts'
import type { Transport } from '../runtime/transport.ts'
import type { BoundedAnswer, BoundedRequest } from './boundedRequest.ts'
import type { ClickhouseLogin } from './clickhouseLogin.ts'
import type { DialGuard } from './dialGuard.ts'
import { withoutLineEnd } from '../../../crds/secretText.ts'
import { read } from '../runtime/read.ts'
import { reasonOfError } from '../vocabulary/clickhouseErrors.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { auditRightsOf } from './auditGrants.ts'
import { boundedGet } from './boundedRequest.ts'
import { clickhouseLogin } from './clickhouseLogin.ts'
import { signedListing } from './s3Signature.ts'
import { decode } from './secretProjection.ts'
import { firstLine } from '../../../crds/firstLine.ts'

const ANSWER_MS = 10_000
/** So little that nobody has to make room for it (answerBudget.ts). */
const MOST_BYTES = 16_384
const MOST_CHARACTERS = 300

type Data = Readonly<Record<string, string>>

/** One way to log in, and everybody whose way it is. */
interface Attempt {
  readonly login: Omit<RefusedLogin, 'words'>
  /** @returns the words of a server that refuses; `undefined` when it does not. Rejects when it says neither. */
  readonly ask: (signal: AbortSignal) => Promise<string | undefined>
}

export class Logins {
  readonly #transport: Transport
  readonly #guard: DialGuard

  constructor(transport: Transport, guard: DialGuard) {
    this.#transport = transport
    this.#guard = guard
  }

  /** Never throws. */
  async look(
    namespace: string,
    { clickhouse, bucket }: WantedLogins,
    given: AbortSignal,
  ): Promise<LoginsSeen> {
    const signal = AbortSignal.any([given, AbortSignal.timeout(ANSWER_MS)])
    const secretOf = async (name: string): Promise<Data | undefined> => {
      const secret = await read(this.#transport, Secret, namespace, name, signal)
      return secret?.['data'] as Data | undefined
    }
    const seen = await Promise.all([
      clickhouse &&
        this.#each(clickhouse.roles, () => this.#ofClickhouse(namespace, clickhouse, secretOf), signal),
      bucket && this.#each(['retention'], () => this.#ofBucket(namespace, bucket, secretOf), signal),
    ])
    const [atClickhouse] = seen
    const auditRights =
      clickhouse && isLetIn('worker', atClickhouse)
        ? await this.#auditRights(clickhouse, secretOf, signal)
        : undefined
    return {
      refused: seen.flatMap((one) => one?.refused ?? []),
      unanswered: seen.flatMap((one) => one?.unanswered ?? []),
      ...(auditRights && { auditRights }),
    }
  }

  /** Whoever is let in may ask what it may do; what is no answer to that is nobody's fault but this check's. */
  async #auditRights(
    { access: { url, secret = '' }, database }: NonNullable<WantedLogins['clickhouse']>,
    secretOf: (name: string) => Promise<Data | undefined>,
    signal: AbortSignal,
  ): Promise<AuditRights | undefined> {
    try {
      const login = clickhouseLogin('worker', secret, await secretOf(secret))
      const request = clickhouseRequest(url, login, GRANTS, this.#guard.lookup)
      const { status, text } = await boundedGet(request, signal)
      return status === 200 ? auditRightsOf(text, database) : undefined
    } catch {
      return undefined
    }
  }

  async #each(
    roles: readonly LoginRole[],
    attempts: () => Promise<readonly Attempt[]>,
    signal: AbortSignal,
  ): Promise<LoginsSeen> {
    try {
      const seen = await Promise.all((await attempts()).map((attempt) => outcomeOf(attempt, signal)))
      return {
        refused: seen.flatMap(({ refused }) => refused),
        unanswered: seen.flatMap(({ unanswered }) => unanswered),
      }
    } catch {
      return { refused: [], unanswered: roles }
    }
  }

  async #ofClickhouse(
    namespace: string,
    { access, roles }: NonNullable<WantedLogins['clickhouse']>,
    secretOf: (name: string) => Promise<Data | undefined>,
  ): Promise<readonly Attempt[]> {
    const { url, secret = '' } = access
    await this.#guard.check([url], namespace)
    const data = await secretOf(secret)
    const shared = new Map<string, { login: ClickhouseLogin; roles: ClickhouseRole[] }>()
    for (const role of roles) {
      const login = clickhouseLogin(role, secret, data)
      const { roles: others } = shared.get(login.keys[0]) ?? { roles: [] }
      shared.set(login.keys[0], { login, roles: [...others, role] })
    }
    return [...shared.values()].map(({ login, roles }) => ({
      login: { server: 'ClickHouse', roles, secret, keys: login.keys },
      ask: (signal) => askClickhouse(url, login, this.#guard.lookup, signal),
    }))
  }

  async #ofBucket(
    namespace: string,
    bucket: NonNullable<WantedLogins['bucket']>,
    secretOf: (name: string) => Promise<Data | undefined>,
  ): Promise<readonly Attempt[]> {
    const { name } = bucket.credentialsSecretRef
    await this.#guard.check([bucket.endpoint], namespace)
    const data = await secretOf(name)
    const [accessKey, secretKey] = [decode(data, 'accessKey'), decode(data, 'secretKey')]
    if (accessKey === undefined || secretKey === undefined) throw new Error(`Secret ${name} lacks keys`)
    const keys = { accessKeyId: withoutLineEnd(accessKey), secretAccessKey: withoutLineEnd(secretKey) }
    const { lookup } = this.#guard
    return [
      {
        login: { server: 'S3', roles: ['retention'], secret: name, keys: ['accessKey', 'secretKey'] },
        ask: async (signal) => {
          const request = await signedListing(bucket, keys)
          return refusalOfS3(await boundedGet({ ...request, lookup, mostBytes: MOST_BYTES }, signal))
        },
      },
    ]
  }
}

const isLetIn = (role: LoginRole, seen: LoginsSeen | undefined): boolean =>
  seen !== undefined &&
  !seen.unanswered.includes(role) &&
  !seen.refused.some(({ roles }) => roles.includes(role))

async function outcomeOf({ login, ask }: Attempt, signal: AbortSignal): Promise<LoginsSeen> {
  try {
    const words = await ask(signal)
    return { refused: words === undefined ? [] : [{ ...login, words }], unanswered: [] }
  } catch {
    return { refused: [], unanswered: login.roles }
  }
}

async function askClickhouse(
  url: string,
  login: ClickhouseLogin,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<string | undefined> {
  return refusalOfClickhouse(await boundedGet(clickhouseRequest(url, login, 'SELECT 1', lookup), signal))
}

const GRANTS = 'SHOW GRANTS FORMAT TSVRaw'

function clickhouseRequest(
  url: string,
  { username, password, ca }: ClickhouseLogin,
  query: string,
  lookup: LookupFunction,
): BoundedRequest {
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  const asked = new URL(url)
  asked.searchParams.set('query', query)
  const headers = { authorization: `Basic ${basic}`, 'user-agent': 'batchsender-operator' }
  return { url: asked.href, headers, ca, lookup, mostBytes: MOST_BYTES }
}

/** ClickHouse's own form of an error; of what has another one no word is repeated. */
const CLICKHOUSE_ERROR = /^Code: (\d{1,5})\. DB::Exception: (.*?)\.?(?: \([A-Z_]+\).*)?$/

/** Whoever is told that he lacks a right has been let in. */
export function refusalOfClickhouse({ status, text }: BoundedAnswer): string | undefined {
  const [, code, words = ''] = CLICKHOUSE_ERROR.exec(firstLine(text)) ?? []
  if (code !== undefined)
    return reasonOfError(code, words) === 'CredentialsRefused' ? bounded(words) : undefined
  return refusalOfStatus(status)
}

/** Of clocks and regions nobody's keys are to blame. */
const NOT_ABOUT_KEYS = new Set(['RequestTimeTooSkewed', 'AuthorizationHeaderMalformed'])
/** By whatever status; the last is versitygw's. */
const ABOUT_KEYS = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'XAdminUserNotFound'])

/** S3's name of the error and none of its words, which repeat what was signed. */
export function refusalOfS3({ status, text }: BoundedAnswer): string | undefined {
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1]
  if (code !== undefined && ABOUT_KEYS.has(code)) return code
  if (code === 'NoSuchBucket') return undefined
  if (code !== undefined && NOT_ABOUT_KEYS.has(code)) throw new Error('neither refused nor accepted')
  return refusalOfStatus(status) === undefined ? undefined : (code ?? `HTTP ${status}`)
}

/** What is neither may come from a proxy, or lead elsewhere. */
function refusalOfStatus(status: number): string | undefined {
  if (status === 401 || status === 403) return `HTTP ${status}`
  if (status < 200 || status > 299) throw new Error('neither refused nor accepted')
  return undefined
}

const bounded = (words: string): string => words.slice(0, MOST_CHARACTERS).toWellFormed()
