/** Proves that the API answers in time: by the answers of the last two minutes, as the workers measured them. */
import type { Check, Proof } from './check.ts'
import type { ApiSeen, Level, WorkerReached } from '../components/worker/seen.ts'
import { API_LIMITS } from '../../../crds/apiLimits.ts'
import { askedWorkers } from './askedWorkers.ts'
import { lastProof } from './lastProof.ts'

export const apiResponsive: Check = {
  name: 'api-responsive',

  prove(snapshot) {
    const last = lastProof(snapshot.sender, this.name)
    return askedWorkers(
      snapshot,
      this.name,
      'no worker tells how soon the API answers',
      ({ api }: WorkerReached) =>
        api
          ? judge(api, last)
          : { state: 'Unknown', message: 'the worker does not tell how soon the API answers' },
    )
  },
}

const MOST = `more than ${API_LIMITS.part * 100} % of the requests of the last two minutes`

const FAULTS: readonly (readonly [keyof ApiSeen, string])[] = [
  ['failed', `${MOST} were answered with 500 or above`],
  ['slow', `${MOST} took longer than half a second`],
]

/** What failed does so until it is well below its limit. */
function judge(api: ApiSeen, last: Proof | undefined): Proof {
  const isAt = (level: Level, message: string) =>
    level === 'much' || (level === 'near' && last?.state === 'Failing' && last.message === message)
  const fault = FAULTS.find(([what, message]) => isAt(api[what], message))
  return fault
    ? { state: 'Failing', message: fault[1] }
    : {
        state: 'Proven',
        message: '95 of 100 requests are answered within half a second, and without a failure',
      }
}
