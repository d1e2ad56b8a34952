/** What a condition and its reasons are made of, and the reasons that every component shares. */

/** What a reason means, and whether a person must act before anything can go on (`Stalled`). */
export interface ReasonMeaning {
  readonly doc: string
  readonly stalls?: true
}

export interface ConditionMeaning {
  readonly doc: string
  /** Told beside `Ready` and not summed into it. */
  readonly beside?: true
  readonly reasons: Readonly<Record<string, ReasonMeaning>>
}

export const ANY_COMPONENT = {
  NameConflict: {
    doc: 'An object of somebody else has the name of one of our children; it is left alone.',
    stalls: true,
  },
  WriteRefused: { doc: "The API server refused a child; the message is the server's." },
  WriteFailed: {
    doc: 'A child could not be written, again and again; the message is the first sentence of why. It is tried again.',
  },
  Blocked: {
    doc: 'Something cannot be brought in line: it is being deleted and held by a finalizer, somebody else keeps changing it, or NATS does not take the change.',
  },
  InternalError: { doc: 'A defect of the operator; its log has more. Everything else goes on.' },
} as const satisfies Record<string, ReasonMeaning>

/** Of a component that begins only when another one is there. */
export const DEPENDENT_COMPONENT = {
  ...ANY_COMPONENT,
  Waiting: { doc: 'Something that must come first is not there yet.' },
} as const satisfies Record<string, ReasonMeaning>
