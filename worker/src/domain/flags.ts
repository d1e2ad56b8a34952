/** The switches of a worker: which there are, and what they may be set to. */

export const FLAGS = {
  /** Nothing is claimed while it is on. */
  'provider-paused': { values: [true, false] },
  /** Instead of `spec.worker.provider.onUncertain`. */
  'on-uncertain': { values: ['Hold', 'Resend'] },
  /** Asked for each batch: its claims take up to twice as many recipients at once. */
  'wide-claims': { values: [true, false] },
} as const satisfies Record<string, { readonly values: readonly (boolean | string)[] }>

export type FlagName = keyof typeof FLAGS

export const FLAG_NAMES = Object.keys(FLAGS) as FlagName[]

export function mayBe<Name extends FlagName>(
  name: Name,
  value: unknown,
): value is (typeof FLAGS)[Name]['values'][number] {
  const values: readonly unknown[] = FLAGS[name].values
  return values.includes(value)
}
