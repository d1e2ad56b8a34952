/** Dials a server, with a time of its own: nodemailer has one for dialling and the greeting together. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'

/** With several addresses, the next one is tried beside it after so long. */
const NEXT_ADDRESS_MS = 3_000

/** @throws what Node says, or an error with the code `ETIMEDOUT` */
export function dial(host: string, port: number, withinMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS })
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('Connection timeout'), { code: 'ETIMEDOUT' }))
    }, withinMs)
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}
