/** What looking at a webhook's signature says, and the words for a log. */

export type Verification<Value> =
  | { readonly kind: 'genuine'; readonly value: Value }
  /** Not from whom it claims to be, or not meant for us: sending it again changes nothing. */
  | { readonly kind: 'forged'; readonly why: string }
  /** What is needed to tell cannot be had at the moment: to be sent again. */
  | { readonly kind: 'unavailable'; readonly why: string }

export const forged = (why: string) => ({ kind: 'forged', why }) as const
export const unavailable = (why: string) => ({ kind: 'unavailable', why }) as const
