/** What the answers of the Gateway add up to, in one sentence. Pure. */
import type { ReasonOf } from '../../../../crds/schema/conditions.ts'
import type { Verdict } from '../component.ts'
import type { Answered, Observed, Reached } from './reached.ts'
import { HTTPRoute } from '../../vocabulary/kinds.ts'
import { silentOf } from './settling.ts'

export function verdictOf(observed: Observed): Verdict<'GatewayReady'> {
  if (!observed) return { status: 'True', reason: 'NotConfigured', message: 'the spec asks for no gateway' }
  const { missingKinds, answers, parent } = observed
  if (missingKinds.length > 0)
    return no(
      'NotInstalled',
      `the cluster has no ${missingKinds.join(' and no ')}: nothing leads to the workers until it has`,
    )
  const missing = answers.filter(({ answer }) => answer.state === 'missing')
  if (missing.length > 0)
    return no('Applying', `not there yet: ${missing.map(({ what }) => what).join(', ')}`)
  const [objection] = answers.flatMap((answered) => objectionTo(answered, parent) ?? [])
  if (objection) return objection
  const taken = { status: 'True', reason: 'Accepted', message: accepted(observed) } as const
  const silent = silentOf(answers)
  if (silent.length === 0) return taken
  const { settlingMs, wasReady } = observed
  const lookAgain = settlingMs === undefined ? {} : { lookAgainMs: settlingMs }
  // What is repaired is as it was when the gateway took it.
  if (settlingMs !== undefined && wasReady) return { ...taken, ...lookAgain }
  return { ...no('Unanswered', unanswered(silent, parent)), ...lookAgain }
}

function no(reason: ReasonOf<'GatewayReady'>, message: string): Verdict<'GatewayReady'> {
  return { status: 'False', reason, message }
}

function objectionTo({ what, resource, answer }: Answered, parent: string) {
  if (answer.state === 'unresolved')
    return no('RefsNotResolved', `${parent} takes ${what} and finds no way on: ${answer.said}`)
  if (answer.state !== 'refused') return undefined
  return resource === HTTPRoute
    ? no('NotAccepted', `${parent} does not take ${what}: ${answer.said}`)
    : no('PolicyNotAccepted', `${what} is not taken: ${answer.said}`)
}

function unanswered(silent: readonly Answered[], parent: string): string {
  const names = silent.map(({ what }) => what).join(', ')
  return silent.some(({ answer }) => answer.state === 'unanswered')
    ? `nobody has answered for ${parent} to ${names}: is it there, with a class that somebody is in charge of?`
    : `${parent} has not come to the present state of ${names}`
}

function accepted({ parent, hostnames, answers, clientsUnknown }: Reached): string {
  const limits = answers.filter(({ resource }) => resource !== HTTPRoute).map(({ what }) => what)
  return [
    `${parent} leads ${hostnames.join(', ')} to the workers`,
    ...(limits.length > 0 ? [`limited by ${limits.join(', ')}`] : []),
    ...(clientsUnknown
      ? [
          'to the workers every client has the address of the gateway, for want of spec.gateway.from.addresses',
        ]
      : []),
  ].join('; ')
}
