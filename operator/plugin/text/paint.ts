/** Colours of a terminal, or none. Pure. */

const CODES = { good: 32, bad: 31, open: 33, faint: 2, strong: 1 } as const
export type Tone = keyof typeof CODES

export type Paint = (tone: Tone, text: string) => string

export function paintWith(colour: boolean): Paint {
  return (tone, text) => (colour ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text)
}
