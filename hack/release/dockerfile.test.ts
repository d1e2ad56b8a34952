import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { stagesOf } from './dockerfile.ts'

describe('the project’s Dockerfile', () => {
  const stages = stagesOf(readFileSync(join(repositoryDir, 'Dockerfile'), 'utf8'))
  const stage = (name: string) => stages.find((one) => one.name === name)

  test.each(['operator', 'worker'])(
    'has the %s as a stage on the base, with a user and a command',
    (name) => {
      expect(stage(name)).toMatchObject({
        base: '${BASE}',
        settings: { User: '65532:65532', Cmd: expect.arrayContaining(['node']) as string[] },
      })
      expect(stage(name)?.settings.Env).toContain('NODE_ENV=production')
      expect(stage(name)?.settings.Labels['org.opencontainers.image.licenses']).toBe('Apache-2.0')
    },
  )

  test('runs nothing in what goes into a cluster: a base of another architecture can be put below', () => {
    const commands = ['operator', 'worker'].flatMap((name) =>
      stage(name)?.steps.filter(({ type }) => type === 'run'),
    )
    expect(commands).toEqual([])
  })
})

it('reads stages, their steps and their settings', () => {
  const text = `ARG BASE=x
FROM \${BASE} AS one
# a comment
WORKDIR /src
COPY a.json b.json ./
RUN npm ci \\
  --omit=dev
FROM one AS two
COPY --from=one /src/dist app/
ENV A=1 B="two words"
CMD ["node", "x.js"]
`
  expect(stagesOf(text)).toEqual([
    {
      name: 'one',
      base: '${BASE}',
      steps: [
        { type: 'workdir', path: '/src' },
        { type: 'copy', sources: ['a.json', 'b.json'], to: './' },
        { type: 'run', command: 'npm ci --omit=dev' },
      ],
      settings: { Env: [], Labels: {} },
    },
    {
      name: 'two',
      base: 'one',
      steps: [{ type: 'copy', from: 'one', sources: ['/src/dist'], to: 'app/' }],
      settings: { Env: ['A=1', 'B=two words'], Labels: {}, Cmd: ['node', 'x.js'] },
    },
  ])
})

it.each([
  ['FROM x AS a\nVOLUME /data', /does not know VOLUME: teach it/],
  ['RUN true', /RUN before the first stage/],
  ['FROM x', /a stage without a name: FROM x/],
])('refuses what it does not know: %j', (text, sentence) => {
  expect(() => stagesOf(text)).toThrow(sentence)
})
