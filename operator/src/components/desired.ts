/** What a component can want: each kind of wish adds itself, and reconcile/effects has a file for each. */

/** By their `type`: each entry is declared beside the type of what it is (`wishes/`, or the component that wishes it). */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- others add to it
export interface Wishes {}

export type Desired = Wishes[keyof Wishes]

/** No part of what the condition of its component speaks of, and no deed worth an event: a check tells what becomes of it. */
export type Aside = true

export function isAside(desired: Desired): boolean {
  return 'aside' in desired && desired.aside
}
