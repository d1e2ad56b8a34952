/** An IPv4 address of this machine that is no loopback address: an EndpointSlice may not name one of these. */
import { networkInterfaces } from 'node:os'
import { run } from '../cluster/shell.ts'

/** Of TEST-NET-2 (RFC 5737), for a machine without a network; nothing but this machine reaches it. */
const SPARE = '198.51.100.1'

/** What is sent to it stays on this machine. @throws Error where there is none and none may be added. */
export async function ownAddress(): Promise<string> {
  const found = Object.values(networkInterfaces())
    .flatMap((all = []) => all)
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  if (found) return found.address
  await run('ip', ['address', 'replace', `${SPARE}/32`, 'dev', 'lo'])
  return SPARE
}
