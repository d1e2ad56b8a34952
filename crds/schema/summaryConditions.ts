/** What the conditions of the parts add up to. */

/** Conditions that the summary writes beside those of the components. */
export const SUMMARY_CONDITIONS = {
  Ready: 'Everything works as specified; GitOps controllers wait on it.',
  Reconciling: 'Present while True: the operator is still at it.',
  Stalled: 'Present while True: a person must change the spec or the namespace.',
  Suspended: 'Present while True: spec.suspend is set.',
  ProductionReady: 'Ready is True, and every check below is proven or waived.',
} as const

/** What these give as their reason where it is not that of the condition they sum up. */
export const SUMMARY_REASONS = {
  Ready: 'Everything works as specified.',
  Progressing: 'The operator is still at it, or writes a new spec.',
  DependencyNotReady: 'A Secret that the spec names is missing, incomplete or may not be read.',
  PassFailed:
    'The operator cannot look at the object, again and again; what is said of its parts is from before.',
  Suspended:
    'spec.suspend is set: not set up before it was, or something broke that is not mended meanwhile.',
  Proven: 'Every check is proven or waived, and Ready is True.',
  NotReady: 'Ready is not True, so nothing is ready for production.',
  CheckNotProven: 'A check fails or is not configured.',
  CheckUnknown: 'A check could not be judged yet.',
  NotJudged: 'No check was made yet.',
} as const
export type SummaryReason = keyof typeof SUMMARY_REASONS
