import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repositoryDir } from '../../cluster/paths.ts'
import { IMAGE_ENVIRONMENT, IMAGE_FLAGS } from './contestants.ts'

it('start ours as the image does', async () => {
  const dockerfile = await readFile(join(repositoryDir, 'Dockerfile'), 'utf8')
  const command = /^CMD (\[.*operator\/src\/main\.js.*\])$/m.exec(dockerfile)?.[1] ?? '[]'
  expect(JSON.parse(command)).toEqual(['node', ...IMAGE_FLAGS, 'operator/src/main.js'])
  const [, stage = ''] = /^FROM \S+ AS operator$([^]*?)^FROM /m.exec(dockerfile) ?? []
  const set = [...stage.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])
  // NODE_ENV is set for every contestant.
  expect(Object.fromEntries(set)).toEqual({ NODE_ENV: 'production', ...IMAGE_ENVIRONMENT })
})
