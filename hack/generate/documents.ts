/** Manifests as the text of one file. */
import { stringify } from 'yaml'

export const documents = (...list: readonly object[]): string =>
  list.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
