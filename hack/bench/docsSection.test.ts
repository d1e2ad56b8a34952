import { expect, it } from 'vitest'
import { withSection } from './docsSection.ts'

it('replaces a section and leaves the others alone', () => {
  const first = withSection(withSection('# Benchmarks\n', 'operator', 'a'), 'worker', 'b')
  expect(first).toBe(
    '# Benchmarks\n\n<!-- operator:begin -->\n\na\n\n<!-- operator:end -->\n\n' +
      '<!-- worker:begin -->\n\nb\n\n<!-- worker:end -->\n',
  )
  expect(withSection(first, 'operator', 'c')).toBe(first.replace('\na\n', '\nc\n'))
})
