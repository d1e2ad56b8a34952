import { expect, it } from 'vitest'
import { withSection } from './docsSection.ts'

it('adds a section after what is there', () => {
  expect(withSection('# Head\n', 'one', 'text')).toBe(
    '# Head\n\n<!-- one:begin -->\n\ntext\n\n<!-- one:end -->\n',
  )
})

it('replaces its own section and leaves everything else alone', () => {
  const before = withSection(withSection('# Head\n', 'one', 'old'), 'two', 'other')
  const after = withSection(before, 'one', 'new $& text')
  expect(after).toBe(before.replace('old', () => 'new $& text'))
  expect(withSection(after, 'one', 'old')).toBe(before)
})
