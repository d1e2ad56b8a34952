/** The project's Dockerfile, read: the stages of it and what each does. Only what that file uses. Pure. */

export type Step =
  | {
      readonly type: 'copy'
      readonly from?: string
      readonly sources: readonly string[]
      readonly to: string
    }
  | { readonly type: 'run'; readonly command: string }
  | { readonly type: 'workdir'; readonly path: string }

export interface ImageSettings {
  readonly Env: readonly string[]
  readonly Labels: Readonly<Record<string, string>>
  readonly User?: string
  readonly Cmd?: readonly string[]
}

export interface Stage {
  readonly name: string
  /** A stage above, or an argument that names an image. */
  readonly base: string
  readonly steps: readonly Step[]
  readonly settings: ImageSettings
}

const PAIR = /([\w.-]+)=(?:"([^"]*)"|(\S+))/g

/** @throws Error that names what it does not know */
export const stagesOf = (text: string): readonly Stage[] =>
  instructions(text).reduce<readonly Stage[]>((stages, line) => {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(line) ?? []
    if (word === 'FROM') return [...stages, started(rest)]
    const stage = stages.at(-1)
    if (stage) return [...stages.slice(0, -1), { ...stage, ...after(stage, word, rest) }]
    // What comes before is for those who build with it.
    if (word === 'ARG') return stages
    throw new Error(`Dockerfile: ${word} before the first stage`)
  }, [])

function started(rest: string): Stage {
  const [, base = '', name = ''] = /^(\S+) AS (\S+)$/.exec(rest) ?? []
  if (name === '') throw new Error(`Dockerfile: a stage without a name: FROM ${rest}`)
  return { name, base, steps: [], settings: { Env: [], Labels: {} } }
}

const instructions = (text: string): readonly string[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

function after({ steps, settings }: Stage, word: string, rest: string): Partial<Stage> {
  const pairs = () =>
    [...rest.matchAll(PAIR)].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? ''])
  switch (word) {
    case 'WORKDIR':
      return { steps: [...steps, { type: 'workdir', path: rest }] }
    case 'RUN':
      return { steps: [...steps, { type: 'run', command: rest }] }
    case 'COPY':
      return { steps: [...steps, copy(rest)] }
    case 'ENV':
      return { settings: { ...settings, Env: [...settings.Env, ...pairs().map((pair) => pair.join('='))] } }
    case 'LABEL':
      return {
        settings: {
          ...settings,
          Labels: { ...settings.Labels, ...Object.fromEntries(pairs()) } as Record<string, string>,
        },
      }
    case 'USER':
      return { settings: { ...settings, User: rest } }
    case 'CMD':
      return { settings: { ...settings, Cmd: JSON.parse(rest) as string[] } }
    default:
      throw new Error(
        `Dockerfile: hack/release does not know ${word}: teach it in hack/release/dockerfile.ts`,
      )
  }
}

function copy(rest: string): Step {
  const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? []
  const words = paths.split(/\s+/)
  return {
    type: 'copy',
    ...(from !== undefined && { from }),
    sources: words.slice(0, -1),
    to: words.at(-1) ?? '.',
  }
}
