/** Which of a batch's failed recipients are to be tried again. */

export interface RetryFilter {
  /** Those that failed with this code; with any when left out. */
  readonly errorCode?: string | undefined
  /** Their addresses as they are compared; all when left out. */
  readonly addresses?: readonly string[] | undefined
  /** Those too that were refused for good. */
  readonly force?: boolean | undefined
}
