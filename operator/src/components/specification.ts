/** The spec itself, judged by the same schema as the CRD: an old CRD in the cluster must not let nonsense through. */
import type { Verdict } from './component.ts'
import { component } from './component.ts'

export const specification = component<'SpecValid', readonly string[]>({
  name: 'specification',
  conditionType: 'SpecValid',
  owns: [],
  prunes: [],
  desired: () => [],
  observe: ({ sender }) => sender.specFaults,
  condition(faults): Verdict<'SpecValid'> {
    if (faults.length === 0) return { status: 'True', reason: 'Valid', message: 'the spec is valid' }
    return { status: 'False', reason: 'Invalid', message: faults.join('; ') }
  },
})
