import { expect, it } from 'vitest'
import { withSection } from './docsSection.ts'

it('adds a section after what is there', () => {
  expect(withSection('# Head\n', 'operator', 'text')).toBe(
    '# Head\n\n<!-- operator:begin -->\n\ntext\n\n<!-- operator:end -->\n',
  )
})

it('replaces its own section and leaves everything else alone', () => {
  const before = withSection(withSection('# Head\n', 'operator', 'old'), 'worker', 'other')
  const after = withSection(before, 'operator', 'new $& text')
  expect(after).toBe(before.replace('old', () => 'new $& text'))
  expect(withSection(after, 'operator', 'old')).toBe(before)
})
