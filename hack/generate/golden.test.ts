/** What a component wants without having said so would be 403 at run time: rights and watches follow from what it says. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { components } from '../../operator/src/components/index.ts'
import { statesOf } from './golden.ts'

const SAMPLES = join(repositoryDir, 'config/samples')
const samples = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'))

test.each(samples)('of %s every component writes what it owns, and removes what it prunes', (sample) => {
  const { before, after } = statesOf(readFileSync(join(SAMPLES, sample), 'utf8'))
  const undeclared = [before, after].flatMap((snapshot) =>
    components.flatMap((component) =>
      component.desired(snapshot).flatMap((wish) => {
        if (wish.type !== 'object' && wish.type !== 'absent') return []
        const declared = wish.type === 'object' ? component.owns : component.prunes
        return declared.includes(wish.resource)
          ? []
          : [`${component.name}: ${wish.type} ${wish.resource.kind}`]
      }),
    ),
  )
  expect(undeclared).toEqual([])
})
