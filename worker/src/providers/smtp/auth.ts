/** Logins (RFC 4954): which mechanism, and what is answered to each of the server's challenges. Pure. */
import { createHmac } from 'node:crypto'

export interface Credentials {
  readonly username: string
  readonly password: string
}

export interface Login {
  readonly mechanism: string
  /** The command, with the initial response where the mechanism has one. */
  readonly command: string
  /** @param challenge what a 334 says, decoded @param step 0 for the first @returns the line to answer with */
  answer(challenge: string, step: number): string
}

type Mechanism = (credentials: Credentials) => Omit<Login, 'mechanism'>

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** Gmail and Office 365 tell by a challenge why a token is refused; it is answered with an empty line. */
const NO_ANSWER = () => ''

const MECHANISMS: Readonly<Record<string, Mechanism>> = {
  PLAIN: ({ username, password }) => ({
    command: `AUTH PLAIN ${base64(`\0${username}\0${password}`)}`,
    answer: NO_ANSWER,
  }),
  LOGIN: ({ username, password }) => ({
    command: 'AUTH LOGIN',
    answer: (_, step) => base64(step === 0 ? username : password),
  }),
  'CRAM-MD5': ({ username, password }) => ({
    command: 'AUTH CRAM-MD5',
    answer: (challenge) =>
      base64(`${username} ${createHmac('md5', password).update(challenge, 'latin1').digest('hex')}`),
  }),
  // No setting holds a token of its own: of a server that takes nothing else the password is one.
  XOAUTH2: ({ username, password }) => ({
    command: `AUTH XOAUTH2 ${base64(`user=${username}\u0001auth=Bearer ${password}\u0001\u0001`)}`,
    answer: NO_ANSWER,
  }),
}

/** Challenges that a login is answered at most: LOGIN asks for two things. */
export const CHALLENGES_AT_MOST = 3

/** @param offered in upper case; PLAIN is tried where none of them is known */
export function loginWith(offered: readonly string[], credentials: Credentials): Login {
  const mechanism = Object.keys(MECHANISMS).find((name) => offered.includes(name)) ?? 'PLAIN'
  const login = MECHANISMS[mechanism]
  if (login === undefined) throw new Error(`${mechanism}: no such mechanism`)
  return { mechanism, ...login(credentials) }
}

/** What a 334 asks. */
export const challengeOf = (text: string): string => Buffer.from(text.slice(4), 'base64').toString('latin1')
