/** What a person asks for that the status does not call handled. */
import type { Sender } from '../snapshot.ts'
import { REQUESTS, type RequestName } from '../../../../crds/requests.ts'

/** @returns the value, which tells one request from another; a request that was withdrawn is none */
export function openRequest(
  { requests, status }: Pick<Sender, 'requests' | 'status'>,
  name: RequestName,
): string | undefined {
  const value = requests[name]
  return value === status[REQUESTS[name].handledIn] ? undefined : value
}
